#!/bin/sh
# Each bug of tests/sim/bugs still fits the sources: whether the simulator finds them, tests/sim/show-bugs
# says, which takes a quarter of an hour and is started by hand.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v patch >/dev/null 2>&1 || skip 'there is no patch'

# fits TREE PATCH: it applies to the sources there, line by line.
fits() {
	patch --dry-run --silent --fuzz=2 --directory="$1" --strip=0 <"$2" || {
		say "$2 does not fit the sources any more"
		return 1
	}
}

printf 'int one(void);\nint two(void);\n' | sample src/room.h
cat <<'END' | sample fitting.patch
--- src/room.h
+++ src/room.h
@@ -1,2 +1,2 @@
 int one(void);
-int two(void);
+int two(int);
END
sed 's/int two(void)/int three(void)/' "$tmp/fitting.patch" | sample stale.patch
must_object 'a patch of other lines' fits "$tmp" "$tmp/stale.patch"
must_accept 'one of these' fits "$tmp" "$tmp/fitting.patch"

status=0
for bug in "$srcdir"/tests/sim/bugs/*.patch; do
	fits "$srcdir" "$bug" || status=1
done
exit $status
