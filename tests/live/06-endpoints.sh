# Servers as they are in the world: not there yet, behind passwords, certificates and paths, older than
# Livy itself, out of order for a while, or killed. A file waits for its server, and the log says why.

# $1 is an endpoint's settings.
write_endpoint() { write_conf "$PYTHON1" "$QUICK" "$1"; }
down() { echo "endpoint=e event=down .*$1"; }
queued_still() { no_result "$1" && log_says "event=queued .*file=\"$1\""; }

# said_once NAME PATTERN: the daemon has met this cause, the file waits, and there is one line about it
# however often it was met.
said_once() {
	local why
	if why=$(wait_log "$(down "$2")" && log_lines "$(down "$2")" 1 && queued_still "$3"); then ok "$1"
	else not_ok "$1" "$why"; fi
}

# ---- a server that wants everything at once ------------------------------------------------------

secured_endpoint() { # CA_FILE PASSWORD_FILE
	write_endpoint "url = \"$SECURED_URL\"; auth = \"basic\"; user = \"alice\"; ca_file = \"$1\"; password_file = \"$2\";"
}
no_more_sessions() {
	is "$(livy --cacert "$SECURED/ca.pem" -u alice:secret "$SECURED_URL/sessions" | jq .total)" 0
}

if needs_own_server "passwords, certificates, CSRF protection"; then
	house secured
	SECURED=$TMP/06-secured
	server_start "$SECURED" --auth ldap --tls --csrf >"$D/url"
	SECURED_URL=$(cat "$D/url")
	server kill "$SECURED"
	(umask 077 && echo not-it >"$D/password")
	secured_endpoint "$LIVE/06-stranger.pem" "$D/password"
	daemon_start
	drop print.py
	said_once "no server: the file waits, one line says so" 'no connection .*is the server running' print.py
	check "no server: the line has the url" log_says "event=down url=$SECURED_URL "
	server restart "$SECURED" >"$D/url"
	said_once "wrong ca_file: one line names the certificate" 'certificate is not trusted.*ca_file' print.py
	secured_endpoint "$SECURED/ca.pem" "$D/password"
	daemon_reload
	said_once "wrong password: one line, the file waits" 'HTTP 40[13]: .*check auth, user and password_file' print.py
	# The same words from the next try are no news.
	daemon_reload
	echo secret >"$D/password"
	daemon_reload
	check "TLS, Basic and CSRF protection: the file runs" ran print.py ok $'hello\ntwo-2'
	check "the server is up: one line" log_lines 'endpoint=e event=up ' 1
	check "no server, wrong ca_file, wrong password: a line each, however often tried" log_lines "$(down '')" 3
	S=$(field print.py .session)
	daemon_kill

	mkdir -m 700 "$D/credentials"
	(umask 077 && echo secret >"$D/credentials/livy")
	secured_endpoint "$SECURED/ca.pem" cred:livy
	if daemon_start; then not_ok "cred: without CREDENTIALS_DIRECTORY" "it has started"
	else check "cred: without CREDENTIALS_DIRECTORY: no start, and a line says why" \
		log_says 'password_file.*CREDENTIALS_DIRECTORY is not set'; fi
	daemon_start CREDENTIALS_DIRECTORY="$D/credentials"
	drop value.py
	check "the password as a credential: the file runs" ran value.py ok 42
	check "the password as a credential: in the same session" has_field value.py .session "$S"
	daemon_stop
	check "DELETE passes CSRF protection and password" wait_for no_more_sessions
	check "no password is in the log" has_not "$D/log" 'not-it'
	check "nor the right one" has_not "$D/log" secret
	check "nor in the state" is "$(grep -rlaE 'not-it|secret' "$D/state" | wc -l)" 0
	server stop "$SECURED"
fi

# ---- a path before Livy's own --------------------------------------------------------------------

house path
beside python3 "$LIVE/../livy/prefix-proxy" "$URL" /livy "$D/port"
PREFIX_PID=$PID
wait_for test -e "$D/port"
PREFIX_URL=http://127.0.0.1:$(cat "$D/port")
write_endpoint "url = \"$PREFIX_URL\";"
daemon_start
drop print.py
said_once "a url without its path: one line asks for it" 'HTTP 404: .*with its path' print.py
write_endpoint "url = \"$PREFIX_URL/livy/\";"
daemon_reload
check "a url with its path: the file runs" ran print.py ok $'hello\ntwo-2'
daemon_stop
check "a url with its path: DELETE too" wait_for is "$(livy_status "/sessions/$(field print.py .session)")" 404
end_beside "$PREFIX_PID"

# ---- odd servers ---------------------------------------------------------------------------------

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
write_endpoint "url = \"$ODD_URL\"; request_timeout = \"1s\";"
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
check "then Livy itself: the file runs" ran print.py ok $'hello\ntwo-2'
S=$(field print.py .session)

# Bad for a while, with work under way. A page comes often enough that one file's patience would end.
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
check "all in all each file was posted once" is "$(times_posted slow.py) $(times_posted garbled.py)" "5 1"
daemon_stop
end_beside "$ODD_PID"

# ---- nothing but the REST reference, and a server that is killed -----------------------------------

# sessions_sent_to: all that the paths of requests name
sessions_sent_to() { jq -r '.path | capture("^/sessions/(?<id>[^/?]+)").id' "$D/o.requests" | sort -u; }
fields_sent() { jq -r 'select(.method == "POST" and .path == "/sessions") | .body | keys[]' "$D/o.requests" | sort -u | tr '\n' ' '; }
refused() { jq -r 'select(.status == 400) | .path' "$D/o.requests" | wc -l; }
plain() { livy "$PLAIN_URL$1"; }
plain_idle() { is "$(plain "/sessions/$1" | jq -r .state)" idle; }
stranger_start() { livy -X POST -H 'Content-Type: application/json' -d '{"kind":"pyspark"}' "$PLAIN_URL/sessions" | jq -r .id; }
stranger_is_untouched() {
	plain_idle "$1" && is "$(since_mark POST "^/sessions/$1/")" 0 && is "$(since_mark DELETE "^/sessions/$1\$")" 0
}

if needs_own_server "a server of the REST reference only, a server that is killed"; then
	house reference
	PLAIN=$TMP/06-plain
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
	daemon_start
	check "reference, kill -9: its session is found by its token" wait_log "session=$S event=found"
	check "reference, kill -9: the result is fetched" ran kill.py ok "slow, but once"
	drop value.py
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

	house killed
	odd_start "$PLAIN_URL" pass
	write_endpoint "url = \"$ODD_URL\";"
	daemon_start
	drop slow.py dies.py
	wait_running dies.py
	S=$(job_session dies.py)
	echo "print('next')" | put next.py
	server kill "$PLAIN"
	mark
	mode drop
	server restart "$PLAIN" >"$D/url"
	mode pass
	check "server killed: what ran is lost, and says so" wait_result dies.py
	check "server killed: as died or unknown" is "$(field dies.py .status | sed 's/unknown/died/')" died
	check "server killed: the file stays" same_bytes "$D/s/dies.py" "$LIVE/files/slow.py"
	check "server killed: the next file runs" ran next.py ok next
	check "server killed: in a new session" is "$([ "$(field next.py .session)" != "$S" ]; echo $?)" 0
	check "server killed: nothing is posted to the old one" is "$(since_mark POST "^/sessions/$S/")" 0
	check "server killed: nor twice" is "$(times_posted dies.py)" 1
	daemon_stop
	end_beside "$ODD_PID"
	server stop "$PLAIN"
fi
