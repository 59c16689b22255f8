#!/bin/sh
# Makefile.am names every source once: a file that is forgotten is missing from the tarball, and
# one that is named and gone breaks the next build of somebody else.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

# complete TREE: its Makefile.am against its files.
complete() {
	(cd "$1" && find src tests/sim tests/unit -name '*.[ch]' | sort) >"$tmp/there"
	sed 's/#.*//' "$1/Makefile.am" | tr -s ' \t\\' '\n' |
	    sed -n -e '/^\(src\|tests\/sim\|tests\/unit\)\/.*\.[ch]$/p' -e 's|^tests/unit/[a-z0-9_]*$|&.c|p' |
	    sort >"$tmp/named"
	wrong=0
	for file in $(uniq -d "$tmp/named"); do
		say "$file is named more than once"
		wrong=1
	done
	for file in $(uniq "$tmp/named" | comm -23 "$tmp/there" -); do
		say "$file is not named"
		wrong=1
	done
	for file in $(uniq "$tmp/named" | comm -13 "$tmp/there" -); do
		say "$file is named and not there"
		wrong=1
	done
	return $wrong
}

# tree NAME SOURCES: a small one with two files.
tree() {
	sample "$1/src/a.c" </dev/null
	sample "$1/tests/sim/b.c" </dev/null
	sample "$1/tests/unit/test_a.c" </dev/null
	printf 'x_SOURCES = %s\ntests = \\\n\ttests/unit/test_a\n' "$2" | sample "$1/Makefile.am"
}
tree whole 'src/a.c tests/sim/b.c'
tree forgotten 'tests/sim/b.c'
tree forgotten-too 'src/a.c'
tree twice 'src/a.c src/a.c tests/sim/b.c'
tree gone 'src/a.c src/a.h tests/sim/b.c'
must_accept 'a complete list' complete "$tmp/whole"
must_object 'a forgotten file' complete "$tmp/forgotten"
must_object 'a forgotten file of the simulator' complete "$tmp/forgotten-too"
must_object 'a file named twice' complete "$tmp/twice"
must_object 'a file that is gone' complete "$tmp/gone"

complete "$srcdir"
