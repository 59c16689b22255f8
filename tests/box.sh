# A box for the suites that need a real systemd: systemd-nspawn on an overlay of /, with a network of
# its own that has only loopback. Nothing of this machine is changed: what the box writes lies in
# memory and goes with it. Read with `.` by the run of a suite, which has set
#
#	TOP       the tree; its tests are /payload in the box
#	SUITE     its name; tests/SUITE/inside.sh is what runs in the box
#	LIMIT_S   seconds for the box
#
# inside.sh adds its verdicts to /result/log, a line each, and makes /result/end when it is through.
# $W/result is the same directory, outside; $BOX the box's root before it boots.

# What a service finds, which may be less than what the caller has.
SERVICE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
NAME=sparkspool-$SUITE-$$
W='' BOX='' BOX_PID='' CGROUPS=()

die() { echo "run: $*" >&2; exit 1; }
cannot() {
	echo "skip $SUITE: $*"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

# ---- whether it can be done here ----------------------------------------------------------------

# tools COMMAND...: those that inside.sh needs.
tools() {
	local tool
	[ "$(id -u)" -eq 0 ] || cannot "only root can boot a box"
	for tool in systemd-nspawn unshare findmnt; do
		command -v $tool >/dev/null || cannot "there is no $tool"
	done
	for tool in "$@"; do
		PATH=$SERVICE_PATH command -v "$tool" >/dev/null ||
			cannot "a service would find no $tool"
	done
	unshare --mount true 2>/dev/null || cannot "this place lets nobody mount anything"
}

# apart RUN [ARGUMENT...]: all mounts happen where nobody else sees them, and end with this process
# however it ends. True in that process.
apart() {
	[ "${2:-}" = --apart ] || exec unshare --mount --propagation private bash "$1" --apart "${@:2}"
}

# ---- the box ------------------------------------------------------------------------------------

# In memory: an overlay cannot lie on some file systems, and what is in it is thrown away.
make_box() {
	W=$(mktemp -d "${TMPDIR:-/var/tmp}/sparkspool-$SUITE.XXXXXX") || exit 1
	trap finish EXIT
	trap 'exit 130' INT TERM HUP
	mount -t tmpfs -o size=1g,mode=0755 tmpfs "$W" 2>/dev/null ||
		cannot "no tmpfs can be mounted"
	mkdir "$W/upper" "$W/work" "$W/box" "$W/result"
	mount -t overlay -o "lowerdir=/,upperdir=$W/upper,workdir=$W/work" overlay "$W/box" \
		2>"$W/why" || cannot "no overlay of / can be mounted: $(head -n 1 "$W/why")"
	BOX=$W/box
	[ -x "$BOX/usr/lib/systemd/systemd" ] || [ -x "$BOX/lib/systemd/systemd" ] ||
		cannot "there is no systemd on the file system of /"
}

# What this machine's owner has enabled, or has of us already, has no place in the box.
empty_box() {
	local etc=${BOX:?}/etc
	rm -rf "$etc"/systemd/system/*.wants "$etc"/systemd/system/*.requires
	rm -rf "$etc"/systemd/system/sparkspool.service* "$etc/sparkspool.conf"
	rm -rf "${BOX:?}/var/lib/sparkspool" "$BOX/var/spool/sparkspool" "$BOX/var/log/journal"
	: >"$etc/fstab"
	# Another machine: with the id of this one its journal would be looked for here.
	tr -d - </proc/sys/kernel/random/uuid >"$etc/machine-id"
	ln -sf /dev/null "$etc/systemd/system/timers.target"
	mkdir -p "$etc/systemd/journald.conf.d"
	printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' \
		>"$etc/systemd/journald.conf.d/box.conf"
}

# The tests are a service of the box; when they end, well or not, so does the box.
add_tests() {
	cat >"$BOX/etc/systemd/system/box-suite.service" <<-END
	[Unit]
	Requires=basic.target
	After=basic.target
	[Service]
	Type=oneshot
	ExecStart=/bin/bash /payload/$SUITE/inside.sh
	ExecStopPost=/bin/systemctl exit --no-block
	TimeoutStartSec=$LIMIT_S
	END
}

# Where nspawn puts its own groups beside ours they would stay behind, and meet another box's.
first_mount() { findmnt -n -o TARGET "$@" | head -n 1; }
cgroup_dirs() {
	local id names path
	while IFS=: read -r id names path; do
		case $id:$names in
		0:) echo "$(first_mount -t cgroup2)$path" ;;
		*:name=systemd) echo "$(first_mount -t cgroup -O name=systemd)$path" ;;
		esac
	done </proc/self/cgroup
}
make_cgroups() {
	local dir
	for dir in $(cgroup_dirs); do
		mkdir "${dir%/}/$NAME" 2>/dev/null && CGROUPS+=("${dir%/}/$NAME")
	done
}
enter_cgroups() {
	local dir
	for dir in "${CGROUPS[@]}"; do echo $BASHPID >"$dir/cgroup.procs"; done
}
# What was ended by force takes a moment to be gone.
remove_cgroups() {
	local dir until=$((SECONDS + 10))
	for dir in "${CGROUPS[@]}"; do
		until find "$dir" -depth -type d -exec rmdir '{}' + 2>/dev/null; do
			[ $SECONDS -lt $until ] || break
			sleep 0.1
		done
	done
}

# Becomes the box, in which a service may restrict itself as outside; it ends when its parent does, even by force.
boot() {
	enter_cgroups
	exec setpriv --pdeathsig TERM systemd-nspawn --quiet --directory="$BOX" --boot \
		--machine="$NAME" --register=no --keep-unit --private-network \
		--resolv-conf=off --timezone=off --link-journal=no \
		--system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
		--bind-ro="$TOP/tests:/payload" --bind="$W/result:/result" \
		systemd.unit=box-suite.service systemd.show_status=no \
		</dev/null >"$W/console" 2>&1
}

run_box() {
	make_cgroups
	boot &
	BOX_PID=$!
	wait_for_end $((LIMIT_S + 30)) || end_box
	wait "$BOX_PID"
	BOX_PID=''
}

wait_for_end() {
	local until=$((SECONDS + $1))
	while kill -0 "$BOX_PID" 2>/dev/null; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
}

# An orderly end first. Without its nspawn nothing in a box goes on.
end_box() {
	[ -n "$BOX_PID" ] || return
	kill -TERM "$BOX_PID" 2>/dev/null
	wait_for_end 10 || kill -KILL "$BOX_PID" 2>/dev/null
}

finish() {
	local status=$?
	trap '' INT TERM HUP
	trap - EXIT
	end_box
	[ -z "$BOX_PID" ] || wait "$BOX_PID" 2>/dev/null
	remove_cgroups
	# The mounts are this process's own and would go with it; the directory is not.
	[ -z "$BOX" ] || umount -R "$BOX"
	! mountpoint -q "$W" || umount -R "$W"
	rmdir "$W"
	exit $status
}

# ---- the verdict --------------------------------------------------------------------------------

verdict() {
	local passed failed skipped
	cat "$W/result/log" 2>/dev/null
	passed=$(grep -c '^ok ' "$W/result/log" 2>/dev/null)
	failed=$(grep -c '^not ok ' "$W/result/log" 2>/dev/null)
	skipped=$(grep -c '^skip ' "$W/result/log" 2>/dev/null)
	passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
	if [ ! -e "$W/result/end" ]; then
		failed=$((failed + 1))
		echo "not ok box: its end came before that of the tests; its last words:"
		tail -n 15 "$W/console" | tr -d '\r' | sed 's/^/# /'
	fi
	if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"
	else echo "$passed passed, $failed failed, $skipped skipped"; fi
	[ "$failed" = 0 ]
}
