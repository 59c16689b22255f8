#!/bin/sh
# The daemon is ended at calls that change the world, and started again: a sample of them, or with
# CHECK_LONG all. That it sees what it looks for, it shows itself at its start.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v python3 >/dev/null 2>&1 || skip 'there is no python3'
skip_if_instrumented libcore.a 'tsan|msan|gcov'

builddir=$PWD
export builddir
status=0
if [ -n "${CHECK_LONG:-}" ]; then
	python3 "$srcdir/tests/crash/run" --every || status=$?
else
	python3 "$srcdir/tests/crash/run" --limit 15 || status=$?
fi
exit $status
