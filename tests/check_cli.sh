#!/bin/sh
# The command line, against a daemon whose answers and faults are chosen, and against the real one;
# and the completion of both shells.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v python3 >/dev/null 2>&1 || skip 'there is no python3'

suite() { python3 "$srcdir/tests/cli/run" "$@"; }

REAL=$PWD/sparkspool
export REAL
# instead WORDS: a command line that is no more than that.
instead() {
	printf '#!/bin/sh\n%s\n' "$1" | sample none/sparkspool
	chmod +x "$tmp/none/sparkspool"
	builddir=$tmp/none
	export builddir
}
instead ':'
must_object 'a command line that does nothing' suite list
instead 'exec "$REAL" "$@" 2>/dev/null'
must_object 'one that keeps silent' suite down
instead 'echo "sparkspool: x" >&2; exec "$REAL" "$@"'
must_object 'one that says more than a line' suite down

builddir=$PWD
export builddir
suite
