# Servers out of order: what answers is no Livy, or only at times; and one that is exactly what the REST
# reference describes. Each file waits for its server, once, and the log says why.

# Met again, the same cause is a word for -d only.
down() { echo " error endpoint=e event=down .*$1"; }

# said_once NAME PATTERN FILE: the daemon has met this cause, the file waits, and there is one line about
# it however often it was met.
said_once() {
	local why
	if why=$(wait_log "$(down "$2")" && log_lines "$(down "$2")" 1 &&
		wait_log "event=queued .*file=\"$3\"" && no_result "$3"); then ok "$1"
	else not_ok "$1" "$why"; fi
}

odd_start() { # UPSTREAM MODE
	mode "$2"
	rm -f "$D/o.port"
	beside python3 "$LIVE/06-odd.py" "$1" "$D/o.port" "$D/o.requests" "$D/mode"
	ODD_PID=$PID
	wait_for test -e "$D/o.port"
	ODD_URL=http://127.0.0.1:$(cat "$D/o.port")
}
mode() { echo "$1" >"$D/mode.new" && mv "$D/mode.new" "$D/mode"; }
# met MODE: how many requests have met the server in it
met() {
	jq -r --arg m "$1" 'select(.status == $m or ($m == "redirect" and .status == 301)
		or ($m == "html" and (.answer | contains("Welcome to the portal")))) | 1' "$D/o.requests" | wc -l
}
met_more_than() { [ "$(met "$1")" -gt "$2" ]; }
mark() { MARK=$(wc -l <"$D/o.requests"); }
# since_mark METHOD PATH-PATTERN: how often
since_mark() {
	tail -n +$((MARK + 1)) "$D/o.requests" |
		jq -r --arg m "$1" --arg p "$2" 'select(.method == $m and (.path | test($p))) | 1' | wc -l
}
times_posted() { # FILE
	jq -r --rawfile code "$D/s/$1" 'select(.method == "POST" and .body.code? == $code) | .status' "$D/o.requests" | wc -l
}

house odd
odd_start "$URL" redirect
write_conf "$PYTHON1" "$QUICK" "url = \"$ODD_URL\"; request_timeout = \"1s\";"
daemon_start
drop print.py
said_once "a redirecting server: one line" 'HTTP 301: .*not the server.s own' print.py
mode html
daemon_reload
said_once "a page instead of Livy: one line" 'HTTP 200: .*Welcome to the portal' print.py
mode half
daemon_reload
said_once "half an answer: one line" 'answer was cut off' print.py
mode silent
daemon_reload
said_once "no answer: one line" 'no whole answer in time' print.py
mode drop
daemon_reload
said_once "a closed connection: one line" 'closed the connection without an answer' print.py
check "nothing was posted to any of them" is "$(asked o POST .)" 0
mode pass
daemon_reload
check "then Livy itself: the file runs" ran print.py ok $'hello\ntwo-2'
S=$(field print.py .session)

# Bad for a while, with work under way.
for mode in html half silent drop redirect; do
	SEEN=$(met "$mode")
	drop slow.py "$mode.py"
	wait_running "$mode.py"
	mode "$mode"
	if [ "$mode" = html ]; then wait_for met_more_than html $((SEEN + 2))
	else wait_for met_more_than "$mode" "$SEEN"; fi
	mode pass
	check "$mode while a file runs: its result is fetched" ran "$mode.py" ok "slow, but once"
	check "$mode while a file runs: in the same session" has_field "$mode.py" .session "$S"
done
mode garbled
echo "print('garbled')" | put garbled.py
wait_for met_more_than html "$(met html)"
mode pass
check "a page as the answer to a POST: the file's own result" ran garbled.py ok garbled
check "a page as the answer to a POST: in the same session" has_field garbled.py .session "$S"
check "one session was made" is "$(asked o POST '^/sessions$')" 1
check "all in all each file was posted once" is "$(times_posted html.py) $(times_posted garbled.py)" "5 1"
daemon_stop
end_beside "$ODD_PID"

# ---- nothing but the REST reference, to the letter, and then killed --------------------------------

# sessions_sent_to: all that the paths of requests name
sessions_sent_to() { jq -r '.path | capture("^/sessions/(?<id>[^/?]+)").id' "$D/o.requests" | sort -u; }
fields_sent() { jq -r 'select(.method == "POST" and .path == "/sessions") | .body | keys[]' "$D/o.requests" | sort -u | tr '\n' ' '; }
# first_asked: of the session, since the mark
first_asked() {
	is "$(tail -n +$((MARK + 1)) "$D/o.requests" | jq -r 'select(.path | test("^/sessions/")) | .method + " " + .path' | head -n 1)" "$1"
}
refused() { jq -r 'select(.status == 400) | .path' "$D/o.requests" | wc -l; }
plain() { livy "$PLAIN_URL$1"; }
plain_idle() { is "$(plain "/sessions/$1" | jq -r .state)" idle; }
stranger_start() { livy -X POST -H 'Content-Type: application/json' -d '{"kind":"pyspark"}' "$PLAIN_URL/sessions" | jq -r .id; }
stranger_is_untouched() {
	plain_idle "$1" && is "$(since_mark POST "^/sessions/$1/")" 0 && is "$(since_mark DELETE "^/sessions/$1\$")" 0
}

if needs_own_server "a server of the REST reference only that is killed"; then
	house reference
	PLAIN=$TMP/06-reference
	server_start "$PLAIN" >"$D/url"
	PLAIN_URL=$(cat "$D/url")
	odd_start "$PLAIN_URL" reference
	write_conf "$PYTHON1 session: { driverMemory = \"600m\"; queue = \"none\"; heartbeatTimeoutInSecond = 999;
		conf = ( (\"spark.sql.shuffle.partitions\", \"3\") ); };" "$QUICK" "url = \"$ODD_URL\";"
	daemon_start
	drop print.py
	drop runtime_error.py
	check "reference: a file runs" ran print.py ok $'hello\ntwo-2'
	check "reference: one that fails" ran runtime_error.py error ""
	check "reference: its error" same_bytes "$D/s/runtime_error.py.err" "$LIVE/expect/runtime_error.py.err"
	check "reference: only its fields are sent" is "$(fields_sent)" "driverMemory kind "
	check "reference: none was refused" is "$(refused)" 0
	check "reference: the URLs have the server's ids" is "$(sessions_sent_to)" 0
	check "reference: the log says that there are no names" log_says 'event=up .*names=no'
	check "reference: a single statement was asked for once, then lists" is "$(asked o GET '/statements/[0-9]+$')" 1
	check "reference: results are read from the list" was_asked o GET '/statements$'
	S=$(field print.py .session)

	drop slow.py kill.py
	wait_running kill.py
	daemon_kill
	mark
	daemon_start
	check "reference, kill -9: the result is fetched" ran kill.py ok "slow, but once"
	drop value.py
	check "reference, kill -9: the token is looked for before anything else" first_asked "GET /sessions/0/statements"
	check "reference, kill -9: the next file runs" ran value.py ok 42
	check "reference, kill -9: in the same session" has_field value.py .session "$S"
	check "reference, kill -9: one session was made" is "$(asked o POST '^/sessions$')" 1

	# The server dies while a file runs; when it is back, its ids start again, and ours is a stranger's.
	drop slow.py dies.py
	wait_running dies.py
	echo "print('next')" | put next.py
	server kill "$PLAIN"
	mode drop
	server restart "$PLAIN" >"$D/url"
	STRANGER=$(stranger_start)
	wait_for plain_idle "$STRANGER"
	check "reference, server killed: a stranger has our session's id" is "$STRANGER" 0
	mark
	mode reference
	check "reference, server killed: what ran is lost, and says so" wait_result dies.py
	check "reference, server killed: as died or unknown" is "$(field dies.py .status | sed 's/unknown/died/')" died
	check "reference, server killed: the next file runs" ran next.py ok next
	check "reference, server killed: in a new session" is "$([ "$(field next.py .session)" != "$S" ]; echo $?)" 0
	check "reference, server killed: the stranger's is neither used nor deleted" stranger_is_untouched "$STRANGER"
	daemon_stop
	check "reference: DELETE by id" is "$(jq -r 'select(.method == "DELETE") | .path' "$D/o.requests")" /sessions/1
	end_beside "$ODD_PID"
	server stop "$PLAIN"
fi
