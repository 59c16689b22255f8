#!/bin/sh
# What the command line is linked with. Each of its commands pays for every library at its start, and
# libcurl costs more than all else that `sparkspool list` does; init alone needs it, and is a program of its
# own. What is linked statically, or room by room, shows in the symbols.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v readelf >/dev/null 2>&1 || skip 'there is no readelf'

# light PROGRAM: it needs no libcurl, and has none of the rooms that speak with servers.
light() {
	readelf -d "$1" >"$tmp/needs" || die "readelf cannot read $1"
	$NM -P "$1" >"$tmp/symbols" || die "$NM cannot read $1"
	grep -q NEEDED "$tmp/needs" || skip "$1 is linked statically"
	grep -q '^main ' "$tmp/symbols" || skip "$1 was stripped"
	wrong=0
	if grep 'NEEDED.*libcurl' "$tmp/needs" >&2; then
		wrong=1
	fi
	if grep -E '^(curl|http|evq|client)_[a-z_]*' "$tmp/symbols" >&2; then
		wrong=1
	fi
	[ $wrong -eq 0 ] || say "$1 is linked with what only init needs"
	return $wrong
}

for program in sparkspool sparkspool-init; do
	[ -x $program ] || die "$program was not built"
done
must_object 'a program with libcurl' light sparkspool-init
echo 'void http_free(void); void http_free(void) { } int main(void) { http_free(); return 0; }' | sample room.c
echo 'int main(void) { return 0; }' | sample plain.c
for name in room plain; do
	$CC -O0 -o "$tmp/$name" "$tmp/$name.c" || die "cannot compile a sample with $CC"
done
must_object 'a program with that room' light "$tmp/room"
must_accept 'a program with neither' light "$tmp/plain"

light sparkspool
