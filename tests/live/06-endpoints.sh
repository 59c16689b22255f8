# Servers that are away, refuse, want a password, lie behind a path, know less, or die.

errors_logged() { is "$(grep -caE "^[^ ]+ error .*$1" "$D/log")" "$2"; }
is_queued() { wait_log "event=queued .*file=\"$1\""; }

# ---- away, and back ------------------------------------------------------------------------------

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

house away
PORT=$(free_port)
write_conf "$PYTHON1" "$QUICK" "url = \"http://127.0.0.1:$PORT\";"
daemon_start
drop print.py
drop value.py
is_queued print.py
wait_log 'debug endpoint=e event=down' # tried again in vain
check "down at the start: one line says so" errors_logged 'endpoint=e event=down' 1
check "down at the start: it says where and that files wait" log_says "event=down url=http://127.0.0.1:$PORT error=\".*its files stay queued"
check "down at the start: no result" no_result print.py
proxy_start p --port "$PORT"
check "it comes up: the files run" ran print.py ok $'hello\ntwo-2'
check "it comes up: all of them" ran value.py ok 42
check "it comes up: one line says so" log_lines 'info endpoint=e event=up' 1

drop slow.py
wait_running slow.py
end_beside "$PROXY_PID"
wait_log 'error endpoint=e event=down .*'
wait_for log_says_more_than 'error endpoint=e event=down' 1
proxy_start p --port "$PORT"
check "away while a file runs: its result is fetched" ran slow.py ok "slow, but once"
check "away while a file runs: the same session" has_field slow.py .session "$(field print.py .session)"
check "away while a file runs: one more line" errors_logged 'endpoint=e event=down' 2

# Refused for now, and never to be read.
echo 'POST /statements$ 429 2' >"$D/p.rules"
echo "print('later')" | put later.py
check "429: it is sent again, later" ran later.py ok later
check "429: it ran once" is "$(times_sent "$(field later.py .session)" "$D/s/later.py")" 1
echo 'GET /statements/[0-9]+$ 503 3' >"$D/p.rules"
drop slow.py patient.py
check "503 from a gateway while it runs: waited out" ran patient.py ok "slow, but once"
echo 'GET /statements/[0-9]+$ 500 4' >"$D/p.rules"
drop slow.py unreadable.py
check "500 for one statement, for a while: waited out" ran unreadable.py ok "slow, but once"
daemon_stop
end_beside "$PROXY_PID"

# ---- a URL with a path ---------------------------------------------------------------------------

house path
beside "$LIVE/../livy/prefix-proxy" "$URL" /gateway/livy "$D/port"
wait_for test -e "$D/port"
write_conf "$PYTHON1" "$QUICK" "url = \"http://127.0.0.1:$(cat "$D/port")/gateway/livy/\";"
daemon_start
drop print.py
check "a URL with a path" ran print.py ok $'hello\ntwo-2'
daemon_stop
write_conf "$PYTHON1" "$QUICK" "url = \"http://127.0.0.1:$(cat "$D/port")/wrong\";"
daemon_start
drop value.py
check "a wrong path: a hint" wait_log 'error endpoint=e event=down .*HTTP 404.*path'
check "a wrong path: the file stays queued" no_result value.py
daemon_stop
end_beside "$PID"

# ---- a server that has nothing but the REST reference --------------------------------------------

REFERENCE_POOL='warm: { pyspark = 0; }; max = 1; on_stop = "delete"; session: { driverMemory = "512m";
	queue = "default"; conf = ( ("spark.sparkspool.live", "1") ); heartbeatTimeoutInSecond = 600; };'
only_ids_in_urls() { is "$(jq -r 'select(.path | test("^/sessions/")) | .path' "$D/p.requests" | grep -cv '^/sessions/[0-9]*\(/\|$\)')" 0; }
id_of() { jq -r 'select(.method == "POST" and .path == "/sessions") | .answer | fromjson | .id' "$D/p.requests" | tail -n 1; }

house reference
proxy_start p --reference
write_conf "$REFERENCE_POOL" "$QUICK" "url = \"$PROXY_URL\";"
daemon_start
drop print.py
drop runtime_error.py
check "reference only: a file runs" ran print.py ok $'hello\ntwo-2'
check "reference only: one that fails" ran runtime_error.py error
check "reference only: only its fields are sent" is \
	"$(jq -c 'select(.method == "POST" and .path == "/sessions") | .body' "$D/p.requests")" '{"kind":"pyspark","driverMemory":"512m"}'
check "reference only: sessions are reached by id" only_ids_in_urls
daemon_kill
daemon_start
drop value.py
check "reference only, after kill -9: the next file runs" ran value.py ok 42
check "reference only, after kill -9: in the same session" is "$(asked p POST '^/sessions$')" 1
ID=$(id_of)
daemon_stop
check "reference only: it is deleted by id" is "$(livy_status "/sessions/$ID")" 404
end_beside "$PROXY_PID"

house list-only
proxy_start p --reference --list-only
write_conf "$PYTHON1" "$QUICK" "url = \"$PROXY_URL\";"
daemon_start
drop print.py
drop value.py
check "no call for one statement: a file runs" ran print.py ok $'hello\ntwo-2'
check "no call for one statement: the next one too" ran value.py ok 42
check "no call for one statement: that was found out" log_says 'event=list-only'
check "no call for one statement: the lists are read" was_asked p GET '/statements$'
daemon_stop
end_beside "$PROXY_PID"

# ---- passwords and certificates ------------------------------------------------------------------

# secure_conf PASSWORD_FILE CA_SETTING
secure_conf() {
	write_conf "$PYTHON1" "$QUICK" "url = \"$(server url "$SECURE")\"; auth = \"basic\"; user = \"alice\"; password_file = \"$1\"; $2"
}
csrf_is_on() {
	is "$(curl -sS -m 60 --cacert "$SECURE/ca.pem" -u alice:secret -o "$D/csrf" -w '%{http_code}' -X DELETE "$(server url "$SECURE")/sessions/999999")" 400 &&
		has "$D/csrf" "CSRF protection"
}

secure_groups() {
	SECURE=$TMP/secure
	server_start "$SECURE" --auth ldap --tls --csrf >/dev/null || { not_ok "a server with TLS, LDAP and CSRF" "it did not start"; return; }
	house secure
	cp "$SECURE/ca.pem" "$D/ca.pem" # what a reload names has to lie where the daemon may read
	CA="ca_file = \"$D/ca.pem\";"
	(umask 077; mkdir "$D/credentials"; echo not-it-at-all >"$D/password"; echo secret >"$D/credentials/livy")
	check "the server refuses what has no X-Requested-By" csrf_is_on

	secure_conf "$D/password" "$CA"
	daemon_start
	drop print.py
	is_queued print.py
	wait_log 'debug endpoint=e event=down'
	check "a wrong password: one line says so" errors_logged 'endpoint=e event=down .*HTTP 40[13].*check auth, user and password_file' 1
	check "a wrong password: the file stays queued" no_result print.py
	echo secret >"$D/password"
	daemon_reload
	check "the right one, after a reload: TLS, Basic and CSRF" ran print.py ok $'hello\ntwo-2'
	daemon_stop

	secure_conf cred:livy "$CA"
	daemon_start CREDENTIALS_DIRECTORY="$D/credentials"
	drop value.py
	check "a credential of the service manager" ran value.py ok 42
	daemon_stop
	check "no password is in the log" has_not "$D/log" 'not-it-at-all'

	secure_conf "$D/password" ''
	daemon_start
	drop none.py
	check "a certificate of nobody that is known: one line" wait_log 'error endpoint=e event=down .*certificate'
	check "a certificate of nobody that is known: the file stays queued" no_result none.py
	secure_conf "$D/password" "$CA"
	daemon_reload
	check "the right ca_file, after a reload" ran none.py ok ""
	daemon_stop

	if openssl req -x509 -newkey rsa:2048 -nodes -keyout "$D/key.pem" -out "$D/other.pem" -days 2 -subj /CN=localhost \
		-addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1; then
		secure_conf "$D/password" "ca_file = \"$D/other.pem\";"
		daemon_start
		drop print.py wrong-ca.py
		check "a wrong ca_file: one line" wait_for errors_logged 'endpoint=e event=down .*certificate' 2
		check "a wrong ca_file: the file stays queued" no_result wrong-ca.py
		daemon_stop
	else
		skip "a wrong ca_file" "openssl could not make a certificate"
	fi
	server stop "$SECURE"
}
needs_own_server "TLS, Basic, CSRF" && secure_groups

# ---- a server that dies --------------------------------------------------------------------------

# Its ids start again at 0: a stranger's session now has the id that ours had.
stranger_untouched() { is "$(livy_get "/sessions/$STRANGER/statements" | jq .total_statements)" 0; }

# dying_group NAME PROXY-OPTION...
dying_group() {
	local name=$1
	shift
	house "dying-$name"
	URL=$(server url "$DYING")
	proxy_start p "$@"
	write_conf "$PYTHON1" "$QUICK" "url = \"$PROXY_URL\";"
	daemon_start
	drop print.py
	check "$name: a file before" ran print.py ok
	sed 's/sleep(4)/sleep(30)/' "$LIVE/files/slow.py" >"$D/s/slow.py"
	wait_running slow.py
	printf '%s\n' 'GET . drop' 'POST . drop' 'DELETE . drop' >"$D/p.rules"
	server kill "$DYING"
	server restart "$DYING" >/dev/null
	STRANGER=$(livy_post /sessions '{"kind":"pyspark","name":"stranger"}' | jq .id)
	check "$name: the stranger has the id that ours had" is "$STRANGER" "$(id_of)"
	wait_for session_is "$STRANGER" idle
	: >"$D/p.rules"
	drop value.py
	check "$name, killed and started again: the file that ran" wait_result slow.py
	check "$name, killed and started again: died or unknown" is "$(field slow.py .status | grep -cxE 'died|unknown')" 1
	check "$name, killed and started again: it says why" is "$(field slow.py '.error.message | length > 0')" true
	check "$name, killed and started again: the next file runs" ran value.py ok 42
	check "$name, killed and started again: in another session" is "$(asked p POST '^/sessions$')" 2
	check "$name, killed and started again: nothing was sent to the stranger" stranger_untouched
	daemon_stop
	check "$name: the stranger is not deleted" is "$(livy_status "/sessions/$STRANGER")" 200
	end_beside "$PROXY_PID"
}

dying_groups() {
	local url=$URL
	DYING=$TMP/dying
	server_start "$DYING" >/dev/null || { not_ok "a second server" "it did not start"; return; }
	dying_group named
	server restart "$DYING" >/dev/null
	dying_group reference --reference
	server stop "$DYING"
	URL=$url
}
needs_own_server "a server that dies" && dying_groups
