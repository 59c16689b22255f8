#!/bin/sh
# What may befall a spool, with the real daemon; with CHECK_LONG twenty thousand files at once.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v python3 >/dev/null 2>&1 || skip 'there is no python3'
skip_if_instrumented libcore.a 'tsan|msan|gcov'

builddir=$PWD
export builddir
if [ -n "${CHECK_LONG:-}" ]; then
	DIRECTORY_QUEUE=20000 DIRECTORY_BURST=1000 SPARKSPOOL_CRASH_PATIENCE=600
	export DIRECTORY_QUEUE DIRECTORY_BURST SPARKSPOOL_CRASH_PATIENCE
fi
python3 "$srcdir/tests/directory/run"
