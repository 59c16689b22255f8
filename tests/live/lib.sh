# What the groups of the live suite share. Read with `.` by `run`, which has set LIVE, TMP, DAEMON.
#
# A group works in a house, $D: its daemon's conf, log, state, run and spool directories. All waiting
# is for a condition, with a limit that only a broken daemon meets.

LIMIT_S=${SPARKSPOOL_LIVE_LIMIT:-180}
PASSED=0 FAILED=0 SKIPPED=0
GROUP='' D='' URL='' OWN_SERVER='' DAEMON_PID='' WATCHER_PID='' EXIT=''
CHILDREN=() SERVERS=() HOUSES=()
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

# ---- verdicts -----------------------------------------------------------------------------------

ok() {
	PASSED=$((PASSED + 1))
	printf 'ok %s: %s\n' "$GROUP" "$1"
}

# not_ok NAME WHY: the first one of a house shows the end of its daemon's log.
not_ok() {
	FAILED=$((FAILED + 1))
	printf 'not ok %s: %s: %s\n' "$GROUP" "$1" "$(head -c 600 <<<"$2" | tr '\n' '|')"
	[ -z "$D" ] || [ -e "$D/shown" ] || [ ! -e "$D/log" ] || {
		touch "$D/shown"
		tail -n 15 "$D/log" | cut -c1-300 | sed 's/^/# /'
	}
}

skip() {
	SKIPPED=$((SKIPPED + 1))
	printf 'skip %s: %s: %s\n' "$GROUP" "$1" "$2"
}

# check NAME COMMAND...: what the command says is the reason of its failure.
check() {
	local name=$1 why
	shift
	if why=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "${why:-failed: $*}"; fi
}

is() { [ "$1" = "$2" ] || { echo "it is '$1', should be '$2'"; return 1; }; }
has() { grep -qaF -- "$2" "$1" || { echo "$1 does not say '$2'"; return 1; }; }
has_not() { ! grep -aF -- "$2" "$1"; }
absent() { [ ! -e "$1" ] && [ ! -L "$1" ] || { echo "$1 is there"; return 1; }; }
present() { [ -e "$1" ] || { echo "$1 is not there"; return 1; }; }
same_bytes() { cmp -- "$1" "$2"; }

# needs_own_server WHAT: false, and a word about it, where the suite was given somebody else's.
needs_own_server() {
	[ -z "${LIVY_URL:-}" ] || { skip "$1" "needs a server of its own, LIVY_URL was given"; return 1; }
}

# wait_for COMMAND...: until it is true. Each wait in vain makes the next ones less patient: a suite
# against a daemon that does nothing comes to its end.
wait_for() {
	local start=$SECONDS limit
	limit=$((LIMIT_S / (1 + $(wc -l <"$TMP/vain")) + 5))
	until "$@" >/dev/null 2>&1; do
		[ -z "$DAEMON_PID" ] || alive "$DAEMON_PID" || { echo "the daemon has ended: $*"; return 1; }
		[ $((SECONDS - start)) -lt $limit ] || {
			echo "$GROUP $*" >>"$TMP/vain"
			echo "waited $limit s in vain: $*"
			return 1
		}
		sleep 0.05
	done
}

# ---- houses and daemons -------------------------------------------------------------------------

# house NAME: where the next daemon lives; its spool s is there.
house() {
	D=$TMP/$GROUP-$1
	mkdir -p "$D/s" "$D/state"
	chmod 700 "$D/state"
	: >>"$D/log"
	HOUSES+=("$D")
}

# write_conf [POOL [SPOOL [ENDPOINT]]]: a file for the usual single spool; settings beside those
# that each needs. PYTHON1: one Python session, started when it is needed.
PYTHON1='warm: { pyspark = 0; }; max = 1; on_stop = "delete";'
RAW='python = "raw"; sql = "raw";'
SCRIPT="settle = \"100ms\"; scan = \"1s\";"
QUICK="$SCRIPT $RAW"
write_conf() {
	cat >"$D/conf" <<-END
	state_dir = "$D/state";
	run_dir = "$D/run";
	runner = "${DAEMON%/*}/runner.py";
	endpoint: { e: { ${3:-url = \"$URL\";} }; };
	pool: { p: { ${1:-$PYTHON1} }; };
	spool: { s: { path = "$D/s"; pool = "p"; ${2:-$QUICK} }; };
	END
}

count_in_log() { grep -caF -- "$1" "$D/log" || true; }
log_says() { grep -qaE -- "$1" "$D/log" || { echo "the log has no line like '$1'"; return 1; }; }
log_says_more_than() { [ "$(count_in_log "$1")" -gt "$2" ]; }
log_lines() { is "$(grep -caE -- "$1" "$D/log")" "$2"; }

alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# daemon_start [VARIABLE=VALUE...]: of the house; false if it ends before it has started (then EXIT
# is its code).
daemon_start() {
	local before
	before=$(count_in_log event=started)
	env "$@" "$DAEMON" -d -f "$D/conf" </dev/null >>"$D/log" 2>&1 &
	DAEMON_PID=$!
	CHILDREN+=($DAEMON_PID)
	wait_for daemon_is_up_or_ended "$before"
	alive $DAEMON_PID && return
	wait $DAEMON_PID
	EXIT=$?
	DAEMON_PID=
	return 1
}
daemon_is_up_or_ended() { log_says_more_than event=started "$1" || gone $DAEMON_PID; }

# daemon_signal SIGNAL: and waits for the end; EXIT is its code.
daemon_signal() {
	local pid=$DAEMON_PID
	[ -n "$pid" ] || return
	DAEMON_PID=
	{ # the shell itself would say that it was killed
		kill "-$1" "$pid"
		wait_for gone "$pid"
		wait "$pid"
		EXIT=$?
	} >/dev/null 2>&1
}

# daemon_stop: an orderly end, which is a check of its own: 0, so nothing leaked either.
daemon_stop() {
	[ -n "$DAEMON_PID" ] || return
	daemon_signal TERM
	check "${D##*/}: the daemon stops in order" is "$EXIT" 0
}
daemon_kill() { daemon_signal KILL; }

# daemon_reload: and waits until the new configuration is in force, or was refused.
daemon_reload() {
	local before
	before=$(grep -caE 'event=(not-)?reloaded' "$D/log")
	kill -HUP "$DAEMON_PID"
	wait_for reloads_exceed "$before"
}
reloads_exceed() { [ "$(grep -caE 'event=(not-)?reloaded' "$D/log")" -gt "$1" ]; }

# ---- files and results --------------------------------------------------------------------------

# spool_of NAME: the directory named after its suffix if the house has one, else s.
spool_of() { if [ -d "$D/${1##*.}" ]; then echo "$D/${1##*.}"; else echo "$D/s"; fi; }

# drop FILE [NAME]: as people do it, with cp; FILE is one of files/.
drop() {
	local name=${2:-$1}
	cp "$LIVE/files/$1" "$(spool_of "$name")/$name"
}

# put NAME: standard input, written under a hidden name first.
put() {
	local dir
	dir=$(spool_of "$1")
	cat >"$dir/.$1.new" && mv "$dir/.$1.new" "$dir/$1"
}

json_of() { echo "$(spool_of "$1")/$1.json"; }
wait_result() { wait_for test -e "$(json_of "$1")"; }
wait_log() { wait_for grep -qaE -- "$1" "$D/log"; }
no_result() { absent "$(json_of "$1")"; }

# wait_new_result NAME OLDID: of a later run than that of this id.
wait_new_result() { wait_for is_newer "$1" "$2"; }
is_newer() { [ "$(field "$1" .id)" -gt "$2" ]; }

# field NAME FILTER: of its record
field() { jq -r "$2" "$(json_of "$1")"; }
has_field() { is "$(field "$1" "$2")" "$3"; }
out_is() { is "$(cat "$(spool_of "$1")/$1.out")" "$2"; }

# ran NAME STATUS OUTPUT: a whole check of a small file
ran() {
	wait_result "$1" || return
	has_field "$1" .status "$2" && { [ $# -lt 3 ] || out_is "$1" "$3"; }
}

# ---- the server, as seen from beside ---------------------------------------------------------

livy() { curl -sS -m 60 -H 'X-Requested-By: live' "$@"; }
livy_get() { livy "$URL$1"; }
livy_status() { livy -o /dev/null -w '%{http_code}' "$URL$1"; }
livy_delete() { livy -X DELETE -o /dev/null "$URL$1"; }
livy_post() { livy -X POST -H 'Content-Type: application/json' -d "$2" "$URL$1"; }
session_ids() { livy_get '/sessions?size=1000' | jq -r '.sessions[].id'; }
session_is() { is "$(livy_get "/sessions/$1" | jq -r .state)" "$2"; }

# times_sent SESSION FILE: how many of the session's statements have the code of this file
times_sent() {
	livy_get "/sessions/$1/statements?size=1000" |
		jq --rawfile code "$2" '[.statements[] | select(.code == $code)] | length'
}

# job_session NAME: the session in which a file runs now, from the log; it has no record yet.
job_session() {
	local job
	job=$(sed -n "s/.* job=\([0-9]*\) event=queued .*file=\"$1\".*/\1/p" "$D/log" | tail -n 1)
	sed -n "s/.* job=$job event=running session=\([^ ]*\) .*/\1/p" "$D/log" | tail -n 1
}
# session_rests: the daemon's only session has done its probe, too
session_rests() { grep -a ' debug session=' "$D/log" | tail -n 1 | grep -q 'to=IDLE$'; }
is_running() { [ -n "$(job_session "$1")" ]; }
wait_running() { wait_for is_running "$1"; }

# ---- helpers that run beside --------------------------------------------------------------------

# beside COMMAND...: PID is its process.
beside() {
	"$@" </dev/null >>"$D/beside.log" 2>&1 &
	PID=$!
	CHILDREN+=($PID)
}

end_beside() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# proxy_start NAME [OPTION...]: between the daemon and the server; PROXY_URL, its log is
# $D/NAME.requests, its rules $D/NAME.rules.
proxy_start() {
	local name=$1
	shift
	: >"$D/$name.rules"
	rm -f "$D/$name.port"
	beside python3 "$LIVE/proxy.py" "$@" "$URL" "$D/$name.port" "$D/$name.requests" "$D/$name.rules"
	PROXY_PID=$PID
	wait_for test -e "$D/$name.port" || return
	PROXY_URL=http://127.0.0.1:$(cat "$D/$name.port")
}

# asked NAME METHOD PATH-PATTERN: how often, by the proxy's log
asked() {
	jq -r --arg m "$2" --arg p "$3" 'select(.method == $m and (.path | test($p))) | 1' \
		"$D/$1.requests" | wc -l
}
was_asked() { [ "$(asked "$@")" -gt 0 ] || { echo "no $2 $3 was sent"; return 1; }; }
never_asked() { is "$(asked "$@")" 0; }

# watch_start: from now on $D/events tells what happens to which name in the spools.
watch_start() {
	: >"$D/events"
	inotifywait -m -e create,modify,close_write,moved_to,moved_from,delete --format '%e %f' \
		"$@" >>"$D/events" 2>"$D/watch.err" </dev/null &
	WATCHER_PID=$!
	CHILDREN+=($WATCHER_PID)
	wait_for grep -q 'Watches established' "$D/watch.err"
}

# watch_stop: after a mark has come through, so that all before it is there.
watch_stop() {
	touch "$1/.watch-mark"
	wait_for grep -q ' \.watch-mark$' "$D/events"
	end_beside "$WATCHER_PID"
}

# A result only ever appears whole, by a rename; the record is the last of its file's.
watch_judge() {
	awk '
		{ event = $1; name = substr($0, length($1) + 2) }
		name !~ /\.(out|err|csv|1\.png|json)$/ || name ~ /^\./ { next }
		event == "DELETE" { next }
		event != "MOVED_TO" { print event " " name; bad = 1; next }
		{ stem = name; sub(/\.(out|err|csv|1\.png|json)$/, "", stem); last[stem] = name; seen++ }
		END {
			for (s in last) if (last[s] !~ /\.json$/) { print last[s] " is the last of " s; bad = 1 }
			if (!seen) { print "no result was seen"; bad = 1 }
			exit bad
		}' "$D/events"
}

# ---- servers ------------------------------------------------------------------------------------

# server_start DIR [OPTION...]: a server of the suite's own; its URL
server_start() {
	SERVERS+=("$1")
	"$LIVE/../livy/server" start "$@"
}
server() { "$LIVE/../livy/server" "$@"; }

# ---- the end ------------------------------------------------------------------------------------

# Sessions of our instances on somebody else's server; on our own they end with it.
delete_leftovers() {
	local house instance name
	for house in "${HOUSES[@]}"; do
		instance=$(sed -n 's/.*event=started .*instance=\([0-9a-f]*\).*/\1/p' "$house/log" | head -n 1)
		[ -n "$instance" ] || continue
		for name in $(livy_get '/sessions?size=1000' |
			jq -r --arg i "sparkspool-$instance-" '.sessions[].name // "" | select(startswith($i))'); do
			livy_delete "/sessions/$name"
		done
	done
}

# still_ours PID: most of them ended long ago, and pids are used again, after minutes on a busy machine:
# only what is this shell's child is ours to end.
still_ours() { grep -qsx "PPid:	$$" "/proc/$1/status"; }

end_all() {
	local pid dir left=()
	for pid in "${CHILDREN[@]}"; do
		still_ours "$pid" && kill -TERM "$pid" 2>/dev/null && left+=("$pid")
	done
	for pid in "${left[@]}"; do
		for _ in $(seq 100); do still_ours "$pid" || break; sleep 0.05; done
		if still_ours "$pid"; then kill -KILL "$pid" 2>/dev/null; fi
	done
	wait
	[ -z "${LIVY_URL:-}" ] || { URL=$LIVY_URL; delete_leftovers; }
	for dir in "${SERVERS[@]}"; do server stop "$dir"; done
}
