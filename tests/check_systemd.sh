#!/bin/sh
# systemd itself reads the unit, the user and the directories that make install puts in place.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v systemd-analyze >/dev/null 2>&1 || skip 'there is no systemd-analyze'

# verified UNIT: not one word about it, with a daemon and a /bin/kill that exist.
verified() {
	mkdir -p "$tmp/unit"
	sed -e 's|^\(Exec[A-Za-z]*=\)[^ ]*/sbin/sparkspoold|\1/bin/true|' \
	    -e 's|^\(Exec[A-Za-z]*=\)/bin/kill|\1/bin/true|' "$1" >"$tmp/unit/sparkspool.service"
	systemd-analyze verify --man=no "$tmp/unit/sparkspool.service" >"$tmp/verdict" 2>&1 || {
		cat "$tmp/verdict" >&2
		return 1
	}
	# Older releases speak of a key that they do not know, and are content all the same. They
	# speak of other units on this machine, too.
	if grep -F sparkspool.service "$tmp/verdict" >&2; then
		return 1
	fi
}

# expanded UNIT: no @name@ has stayed behind.
expanded() {
	if grep -n '@[a-z]*@' "$1" >&2; then
		return 1
	fi
}

made=systemd/sparkspool.service
[ -f $made ] || die "$made was not made"
# A place without what verify needs (a container, a jail) cannot tell anything.
printf '[Service]\nExecStart=/bin/true\n' | sample plain.service
(verified "$tmp/plain.service") 2>"$tmp/objection" ||
	skip "systemd-analyze verify does not work here: $(head -n 1 "$tmp/objection")"

sed 's/^Restart=.*/Restrat=on-failure/' $made | sample misspelt.service
sed 's/^WatchdogSec=.*/WatchdogSec=soon/' $made | sample misvalued.service
printf '[Service]\nExecStart=@sbindir@/sparkspoold\n' | sample unexpanded.service
must_object 'a misspelt key' verified "$tmp/misspelt.service"
must_object 'a bad value' verified "$tmp/misvalued.service"
must_object 'a name that was not expanded' expanded "$tmp/unexpanded.service"

expanded $made
verified $made || die "$made: see above"

# exposed LIMIT UNIT: systemd's own count of what is open, in tenths, is at most this.
exposed() {
	systemd-analyze security --no-pager --offline=yes --threshold="$1" "$2" >"$tmp/verdict" 2>&1 || {
		grep -e '^✗' -e exposure "$tmp/verdict" >&2
		return 1
	}
}

many=$srcdir/systemd/many-owners.conf
cat $made "$many" | sample many.service
verified "$tmp/many.service" || die "$many: see above"
# Before 250 there is no count without a running manager.
if systemd-analyze security --no-pager --offline=yes $made >/dev/null 2>&1; then
	grep -v '^SystemCallFilter=' $made | sample open.service
	must_object 'a unit without a filter of system calls' exposed 12 "$tmp/open.service"
	sed 's/CAP_FOWNER$/CAP_FOWNER CAP_SYS_ADMIN/' "$tmp/many.service" | sample more.service
	must_object 'one capability more' exposed 18 "$tmp/more.service"
	exposed 12 $made || die "$made leaves too much open"
	exposed 18 "$tmp/many.service" || die "$many leaves too much open"
fi

# The user and the directories, made in a tree of their own.
command -v systemd-sysusers >/dev/null 2>&1 || exit 0
command -v systemd-tmpfiles >/dev/null 2>&1 || exit 0

# prepared USERS DIRECTORIES: both are understood without a word, and leave what they should.
prepared() {
	root=$tmp/root
	rm -rf "$root"
	mkdir -p "$root/etc" "$root/var/spool" "$root/run" "$root/files"
	cp "$1" "$root/files/users.conf"
	cp "$2" "$root/files/directories.conf"
	if [ "$(id -u)" -ne 0 ]; then
		systemd-sysusers --dry-run --root="$root" "$root/files/users.conf" >"$tmp/verdict" 2>&1
		return
	fi
	systemd-sysusers --root="$root" "$root/files/users.conf" >"$tmp/verdict" 2>&1 &&
	systemd-tmpfiles --create --root="$root" "$root/files/directories.conf" >>"$tmp/verdict" 2>&1 || {
		cat "$tmp/verdict" >&2
		return 1
	}
	grep -q '^sparkspool:' "$root/etc/passwd" || { say 'there is no user'; return 1; }
	user=$(sed -n 's/^sparkspool:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1:\2/p' "$root/etc/passwd")
	is=$(stat -c '%u:%g %a %F' "$root/var/spool/sparkspool")
	[ "$is" = "$user 755 directory" ] || { say "/var/spool/sparkspool is $is"; return 1; }
}

users=$srcdir/systemd/sparkspool.sysusers
directories=$srcdir/systemd/sparkspool.tmpfiles
echo 'u' | sample bad.sysusers
must_object 'a line without a name' prepared "$tmp/bad.sysusers" "$directories"
if [ "$(id -u)" -eq 0 ]; then
	sed 's/0755/0777/' "$directories" | sample bad.tmpfiles
	must_object 'a directory for everybody' prepared "$users" "$tmp/bad.tmpfiles"
fi
prepared "$users" "$directories"
