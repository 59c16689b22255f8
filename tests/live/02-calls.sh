# Each call of the REST reference, seen from both sides: what the daemon asks (a recording proxy stands
# between), and what the server then has (curl beside).

answers() { is "$(livy_status "$2")" "$1"; }

endpoint_of() { echo "url = \"$PROXY_URL\"; $1"; }
code_was_sent() {
	local n
	n=$(jq -r --rawfile code "$LIVE/files/$2" --arg s "$1" \
		'select(.method == "POST" and (.path == "/sessions/\($s)/statements") and .body.code == $code) | 1' \
		"$D/p.requests" | wc -l)
	is "$n" 1
}
create_body_is() {
	is "$(jq -c 'select(.method == "POST" and .path == "/sessions") | .body' "$D/p.requests")" \
		"{\"kind\":\"$1\",\"name\":\"$2\"}"
}
all_posts_say_by_whom() {
	is "$(jq -r 'select(.method == "POST" or .method == "DELETE") | .headers | has("X-Requested-By")' \
		"$D/p.requests" | sort -u)" true
}
session_has_kind() { is "$(livy_get "/sessions/$1" | jq -r '.kind + " " + .name')" "$2 $1"; }
is_the_servers_statement() {
	grep -a '^  "answer": ' "$(json_of "$1")" | sed '1s/^  "answer": //' | head -c -1 >"$D/answer"
	livy_get "/sessions/$(field "$1" .session)/statements/$(field "$1" .statement)" >"$D/statement"
	same_bytes "$D/answer" "$D/statement"
}

house calls
proxy_start p
write_conf 'warm: { pyspark = 1; }; max = 1; on_stop = "delete";' "$QUICK" "$(endpoint_of '')"
daemon_start
drop print.py
check "a file runs" ran print.py ok $'hello\ntwo-2'
S=$(field print.py .session)
check "version: the server is asked what it is" was_asked p GET '^/version$'
check "all active sessions: asked for at the start" was_asked p GET '^/sessions\?from=0'
check "create: POST /sessions with kind and name" create_body_is pyspark "$S"
check "create: the server has a session of that name and kind" session_has_kind "$S" pyspark
check "state: the session is asked after by name" was_asked p GET "^/sessions/$S\$"
check "submit: the file's bytes, once" code_was_sent "$S" print.py
check "statement: read one by one" was_asked p GET "^/sessions/$S/statements/[0-9]+\$"
check "statement: the list is never read" never_asked p GET '/statements(\?|$)'

daemon_kill
check "kill -9: the session stays on the server" session_is "$S" idle
daemon_start
wait_log "session=$S event=found"
drop value.py
check "after it a file runs" ran value.py ok 42
check "in the session that the list of sessions had" has_field value.py .session "$S"
check "no second session was made" is "$(asked p POST '^/sessions$')" 1

livy_delete "/sessions/$S"
drop none.py
check "a session that somebody deleted: the next file runs" ran none.py ok ""
check "in a new one" is "$([ "$(field none.py .session)" != "$S" ]; echo $?)" 0
S=$(field none.py .session)
daemon_stop
check "terminate: on_stop = delete sends DELETE" was_asked p DELETE "^/sessions/$S\$"
check "terminate: the server does not know it any more" wait_for answers 404 "/sessions/$S"
check "every POST and DELETE says X-Requested-By" all_posts_say_by_whom
end_beside "$PROXY_PID"

# The same by the list of statements, for servers that have only that.
house by-list
proxy_start p
write_conf "$PYTHON1" "$QUICK" "$(endpoint_of 'statements = "list";')"
daemon_start
drop print.py
drop runtime_error.py
drop big.py
check "statements = list: a file runs" ran print.py ok $'hello\ntwo-2'
check "statements = list: one that fails" ran runtime_error.py error ""
check "statements = list: its error" same_bytes "$D/s/runtime_error.py.err" "$LIVE/expect/runtime_error.py.err"
check "statements = list: a big one" ran big.py ok
check "statements = list: was read" was_asked p GET '/statements(\?|$)'
check "statements = list: single statements never were" never_asked p GET '/statements/[0-9]+$'
check "statements = list: the record has the statement as the server says it" is_the_servers_statement runtime_error.py
daemon_stop
end_beside "$PROXY_PID"
