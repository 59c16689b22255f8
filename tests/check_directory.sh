#!/bin/sh
# What may befall a spool, with the real daemon; with CHECK_LONG a burst of twenty thousand files.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v python3 >/dev/null 2>&1 || skip 'there is no python3'
skip_if_instrumented libcore.a

builddir=$PWD
export builddir
[ -z "${CHECK_LONG:-}" ] || DIRECTORY_BURST=${DIRECTORY_BURST:-20000}
export DIRECTORY_BURST="${DIRECTORY_BURST:-200}"
python3 "$srcdir/tests/directory/run"
