#!/bin/sh
# Every C file looks as `make format` would leave it.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

# Another release formats some corners otherwise; whoever names one in CLANG_FORMAT wants it.
version=14
CLANG_FORMAT=${CLANG_FORMAT:-clang-format}
found=$($CLANG_FORMAT --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
[ -n "$found" ] || skip "there is no $CLANG_FORMAT"
[ "$found" = $version ] || [ "$CLANG_FORMAT" != clang-format ] ||
	skip "clang-format is of version $found, the tree is formatted with $version"

formatted() {
	find "$@" -name '*.[ch]' | sort | xargs $CLANG_FORMAT --dry-run -Werror
}

cp "$srcdir/.clang-format" "$tmp/"
printf 'int f(void)\n{\n  return 1;\n}\n' | sample bad/a.c
printf 'int f(void)\n{\n\treturn 1;\n}\n' | sample good/a.c
must_object 'two blanks for a tab' formatted "$tmp/bad"
must_accept 'a formatted file' formatted "$tmp/good"

formatted "$srcdir/src" "$srcdir/tests" || die 'run "make format"'
