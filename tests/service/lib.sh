# What the groups of the service suite share, in the box, and those of the package suite. Read with
# `.` by inside.sh.
#
# All waiting is for a condition, with a limit that only something broken meets.

LIMIT_S=60
UNIT=sparkspool.service
CONF=/etc/sparkspool.conf
DROPINS=/etc/systemd/system/$UNIT.d
SPOOLS=/var/spool/sparkspool
BOX=/box # the suite's own files
GROUP=''

# ---- verdicts -----------------------------------------------------------------------------------

ok() { echo "ok $GROUP: $1"; }

# not_ok NAME WHY: with what the journal said last.
not_ok() {
	echo "not ok $GROUP: $1: $(head -c 600 <<<"$2" | tr '\n' '|')"
	journalctl -u $UNIT -n 15 -o short-precise --no-hostname 2>&1 | cut -c1-300 | sed 's/^/# /'
}

skip() { echo "skip $GROUP: $1: $2"; }

# check NAME COMMAND...: what the command says is the reason of its failure.
check() {
	local name=$1 why
	shift
	if why=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "${why:-failed: $*}"; fi
}

is() { [ "$1" = "$2" ] || { echo "it is '$1', should be '$2'"; return 1; }; }
is_like() { grep -qE -- "$2" <<<"$1" || { echo "it is '$1', should be like '$2'"; return 1; }; }
silent() {
	local words
	words=$("$@" 2>&1) || { echo "$? $words"; return 1; }
	is "$words" ''
}
fails() { ! "$@" || { echo "it did not fail: $*"; return 1; }; }
absent() { [ ! -e "$1" ] || { echo "$1 is there"; return 1; }; }

# wait_for COMMAND...: until it is true. Waits in vain make the next ones shorter.
wait_for() {
	local start=$SECONDS limit
	limit=$((LIMIT_S / (1 + $(wc -l <$BOX/vain)) + 5))
	until "$@" >/dev/null 2>&1; do
		[ $((SECONDS - start)) -lt $limit ] || {
			echo "$GROUP $*" >>$BOX/vain
			echo "waited $limit s in vain: $*: $("$@" 2>&1)"
			return 1
		}
		sleep 0.05
	done
}

# ---- the service --------------------------------------------------------------------------------

prop() { systemctl show -P "$1" $UNIT; }
prop_is() { is "$(prop "$1")" "$2"; }
prop_like() { is_like "$(prop "$1")" "$2"; }
active() { is "$(systemctl is-active $UNIT)" active; }
settled() { active && [ "$(prop SubState)" = running ]; }

# same_process PID: it is active, and nothing has started it again.
same_process() { active && is "$(prop MainPID)" "$1"; }
restarted_after() { active && fails is "$(prop MainPID)" "$1" && prop_like NRestarts '^[1-9]'; }

# dropin: standard input becomes the last one.
dropin() {
	mkdir -p $DROPINS
	cat >$DROPINS/suite.conf
	systemctl daemon-reload
}
# The profile for many owners, as its head says.
many_owners() {
	mkdir -p $DROPINS
	ln -s /usr/share/sparkspool/many-owners.conf $DROPINS
	systemctl daemon-reload
}
no_dropin() {
	rm -rf $DROPINS
	systemctl daemon-reload
}

# write_conf [SPOOLS]: the usual file, with these spools beside in; ENDPOINT is its endpoint, LEVEL
# what it says of the log.
COLD='warm: { pyspark = 0; };'
AS_OWNER='max = 2; session: { proxyUser = "%owner"; };'
QUICK='settle = "100ms"; scan = "1s"; python = "raw"; sql = "raw";'
write_conf() {
	cat >$CONF <<-END
	state_dir = "/var/lib/sparkspool"; ${LEVEL:-}
	endpoint: { e: { $ENDPOINT }; };
	pool: { p: { $COLD max = 1; owners = "shared"; }; each: { $COLD $AS_OWNER }; };
	spool: { in: { path = "$SPOOLS/in"; pool = "p"; $QUICK }; ${1:-} };
	END
}
# spool_conf NAME PATH [POOL [MORE]]
spool_conf() { echo "$1: { path = \"$2\"; pool = \"${3:-p}\"; $QUICK ${4:-} };"; }

# exposure_at_most LIMIT: by systemd's own count, from 0 (none) to 10.
exposure() {
	systemd-analyze security --no-pager $UNIT | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p'
}
exposure_at_most() {
	local score
	score=$(exposure)
	awk -v s="$score" -v limit="$1" 'BEGIN { exit !(s != "" && s + 0 <= limit) }' || {
		echo "it is '$score'"
		systemd-analyze security --no-pager $UNIT | grep '^✗'
		return 1
	}
}
# process_has FIELD VALUE: in the main process's status.
process_has() {
	is "$(sed -n "s/^$1:[[:space:]]*//p" "/proc/$(prop MainPID)/status")" "$2"
}

# ---- the journal --------------------------------------------------------------------------------

# said PATTERN [PRIORITY]: by any life of the daemon; -o cat leaves nothing but the message.
said() {
	local priority=${2:-0..7}
	journalctl --sync
	journalctl -u $UNIT -t sparkspoold -p "$priority" -o cat --no-pager | grep -qaE -- "$1" ||
		{ echo "the journal ($priority) has no line like '$1'"; return 1; }
}
times_said() {
	journalctl --sync
	journalctl -u $UNIT -t sparkspoold -o cat --no-pager | grep -caE -- "$1"
}
said_more_than() { [ "$(times_said "$1")" -gt "$2" ]; }
manager_said() { journalctl -u $UNIT -t systemd -o cat --no-pager | grep -qE -- "$1"; }

# ---- files and results --------------------------------------------------------------------------

as() { setpriv --reuid="$1" --regid="$1" --init-groups "${@:2}"; }

# put_as USER FILE [MASK]: standard input, as people do it.
put_as() { as "$1" sh -c "umask ${3:-077}; "'cat >"$1"' - "$2"; }

# put FILE: by the service's own user, with a mode that keeps others out.
put() { put_as sparkspool "$1" 027; }

# put_waiting FILE WORD [USER]: code that prints WORD once `release WORD` was said.
put_waiting() {
	put_as "${3:-sparkspool}" "$1" 027 <<-END
	import os, time
	while not os.path.exists("$BOX/$2"): time.sleep(0.02)
	print("$2")
	END
}
release() { touch "$BOX/$1"; }

out_is() { is "$(cat "$1.out")" "$2"; }

# ran FILE OUTPUT: it has its record, which is the last to come, and this result.
ran() {
	wait_for test -e "$1.json" || return
	grep -q '"status": *"ok"' "$1.json" || { head -c 400 "$1.json"; return 1; }
	out_is "$1" "$2"
}

# runs NAME [SPOOL]: a new file gives what it should.
runs() {
	local file=${2:-$SPOOLS/in}/$1
	echo "print(\"$1\")" | put "$file" && ran "$file" "$1"
}

# times_sent WORD: how many statements with this word in their code the server was given
times_sent() { grep -c "^POST [^ ]*/statements 201 .*$1" $BOX/requests; }
was_sent() { [ "$(times_sent "$1")" -gt 0 ]; }
sent_once() { is "$(times_sent "$1")" 1; }

# ---- the command line ---------------------------------------------------------------------------

# cli_as USER[,GROUP] COMMAND...: what it says, and its code in the last line. A group is one more.
cli_as() {
	local user=${1%,*} more=(--init-groups)
	[ "$user" = "$1" ] || more=(--groups="${1#*,}")
	setpriv --reuid="$user" --regid="$user" "${more[@]}" sparkspool -f $CONF "${@:2}" 2>&1
	echo "code $?"
}
# cli_says USER CODE PATTERN COMMAND...: with this code and a line like that
cli_says() {
	local said
	said=$(cli_as "$1" "${@:4}")
	is "$(tail -n 1 <<<"$said")" "code $2" && is_like "$said" "$3" || { echo "$said"; return 1; }
}

# ---- the server ---------------------------------------------------------------------------------

server_start() {
	: >$BOX/requests
	echo secret-one >$BOX/password
	python3 /payload/service/livy.py $BOX/port $BOX/requests $BOX/password >$BOX/livy.log 2>&1 &
	SERVER_PID=$!
	wait_for test -e $BOX/port || return
	URL=http://127.0.0.1:$(cat $BOX/port)
	ENDPOINT="url = \"$URL\";"
}
# From now on the server takes statements, but does not say so.
server_hold() { touch $BOX/port.hold; }
server_go_on() { rm $BOX/port.hold; }
