# Read by tests/check_*.sh: where things are, and the proof that a check is able to fail.

set -eu
LC_ALL=C
export LC_ALL

srcdir=${srcdir:-$(dirname "$0")/..}
CC=${CC:-cc}
AR=${AR:-ar}
NM=${NM:-nm}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/sparkspool.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

say() { echo "${0##*/}: $*" >&2; }
die() { say "$@"; exit 1; }
skip() { say "skipped: $*"; exit 77; }

# must_object WHAT COMMAND...: a check that lets a known offence pass would pass for ever.
must_object() {
	what=$1
	shift
	if ("$@") >"$tmp/objection" 2>&1; then
		die "this check is broken: it does not object to $what"
	fi
	[ -s "$tmp/objection" ] || die "this check is broken: it objects to $what without a word"
}

# must_accept WHAT COMMAND...: and one that objects to everything would be switched off soon.
must_accept() {
	what=$1
	shift
	if ! ("$@") >"$tmp/objection" 2>&1; then
		cat "$tmp/objection" >&2
		die "this check is broken: it objects to $what"
	fi
}

# sample PATH: standard input becomes a file below the temporary directory.
sample() {
	mkdir -p "$tmp/$(dirname "$1")"
	cat >"$tmp/$1"
}

# sample_archive NAME FILE...: samples become an archive of one object each.
sample_archive() {
	archive=$1
	shift
	for file; do
		object=$tmp/$(basename "$file" .c).o
		# CC may be several words.
		$CC -c -o "$object" "$tmp/$file" || die "cannot compile a sample with $CC"
		$AR rc "$tmp/$archive" "$object" || die "cannot make an archive with $AR"
	done
}

# defined ARCHIVE, undefined ARCHIVE: lines "member symbol" of what has linkage, as nm sees it.
defined() { symbols "$1" '$3 ~ /^[A-TV-Z]$/'; }
undefined() { symbols "$1" '$3 ~ /^[Uvw]$/'; }
symbols() {
	$NM -A -P -g "$1" | awk '{ sub(/^[^[]*\[/, "", $1); sub(/\]?:$/, "", $1) }
	    '"$2"' { print $1, $2 }' | sort -u
}

# skip_if_instrumented ARCHIVE [KINDS]: builds that carry other people's symbols tell nothing about ours; and a
# counting one writes files of its own.
skip_if_instrumented() {
	if $NM "$1" 2>/dev/null | grep -Eq "__(${2:-asan|ubsan|tsan|msan|gcov})_"; then
		skip "$1 is instrumented"
	fi
	[ -n "$(defined "$1")" ] || die "$NM finds no symbol in $1"
}
