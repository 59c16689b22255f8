# The daemon ends, in order or not, while it has work: every file gets exactly one result, in the same
# session, and the server saw its code exactly once.

exactly_once() { is "$(times_sent "$1" "$D/s/$2")" 1; }
in_session() { has_field "$1" .session "$2"; }
lost_answers_are() { is "$(grep -c '"status": "lost"' "$D/p.requests")" "$1"; }
one_record_each() {
	local name
	for name; do is "$name $(grep -cx "MOVED_TO $name.json" "$D/events")" "$name 1" || return; done
}

house restart
write_conf 'warm: { pyspark = 1; }; max = 1; on_stop = "keep";'
watch_start "$D/s"
daemon_start
drop print.py
wait_result print.py
S=$(field print.py .session)

drop slow.py term.py
wait_running term.py
daemon_stop
check "SIGTERM while it runs: the daemon does not wait for it" no_result term.py
daemon_start
check "SIGTERM while it runs: it has its result afterwards" ran term.py ok "slow, but once"
check "SIGTERM while it runs: in the same session" in_session term.py "$S"

drop slow.py kill.py
wait_running kill.py
daemon_kill
check "kill -9 while it runs: no result yet" no_result kill.py
daemon_start
check "kill -9 while it runs: it has its result afterwards" ran kill.py ok "slow, but once"
check "kill -9 while it runs: in the same session" in_session kill.py "$S"
check "kill -9 while it runs: the record counts one attempt" has_field kill.py .attempts 1

# It ends while nobody is there to fetch it.
drop slow.py away.py
wait_running away.py
daemon_kill
wait_for session_is "$S" idle
daemon_start
check "kill -9, then it ends: its result is fetched" ran away.py ok "slow, but once"
check "kill -9, then it ends: in the same session" in_session away.py "$S"

QUEUED='queued1.py queued2.py queued3.py queued4.py'
drop slow.py before.py
wait_running before.py
for name in $QUEUED; do echo "print('$name')" | put "$name"; done
for name in $QUEUED; do wait_log "event=queued .*file=\"$name\""; done
daemon_kill
echo "print('late')" | put late.py
daemon_start
for name in $QUEUED; do
	check "kill -9 while $name is queued" ran "$name" ok "$name"
	check "kill -9 while $name is queued: same session" in_session "$name" "$S"
	check "kill -9 while $name is queued: sent once" exactly_once "$S" "$name"
done
check "a file that came while the daemon was away" ran late.py ok late
check "what ran before them" ran before.py ok "slow, but once"
check "term.py, kill.py, away.py and before.py: sent once each" is "$(times_sent "$S" "$D/s/kill.py")" 4
check "order of arrival is kept" is "$(for f in before.py $QUEUED; do field "$f" .statement; done)" \
	"$(for f in before.py $QUEUED; do field "$f" .statement; done | sort -n)"

# A start with nothing to do runs nothing again.
LOGGED=$(count_in_log event=queued)
daemon_stop
daemon_start
wait_log "session=$S event=found"
echo "print('last')" | put last.py
check "after a quiet restart" ran last.py ok last
check "after a quiet restart nothing ran again" is "$(count_in_log event=queued)" $((LOGGED + 1))
watch_stop "$D/s"
# shellcheck disable=SC2086
check "each file has one record, once" one_record_each print.py term.py kill.py away.py before.py $QUEUED late.py last.py
check "results appear whole, by rename, the record last" watch_judge
daemon_stop
livy_delete "/sessions/$S"

# Answers that are lost after the server has accepted.
house lost
proxy_start p
echo 'POST ^/sessions$ lose 1' >"$D/p.rules"
write_conf "$PYTHON1" "$QUICK" "url = \"$PROXY_URL\";"
daemon_start
drop print.py
check "the answer to POST /sessions is lost: the file runs" ran print.py ok $'hello\ntwo-2'
S=$(field print.py .session)
check "the answer to POST /sessions is lost: it was found by name" log_says "event=creation-lost"
check "the answer to POST /sessions is lost: it was made once" is "$(asked p POST '^/sessions$')" 1
echo 'POST /statements$ lose 1' >"$D/p.rules"
echo "print('lost')" | put lost.py
check "the answer to POST statements is lost: the file runs" ran lost.py ok lost
check "the answer to POST statements is lost: it was adopted" log_says 'event=adopted'
check "the answer to POST statements is lost: sent once" exactly_once "$S" lost.py
wait_for session_rests # a probe under way would meet the new rules
printf '%s\n' 'POST /statements$ lose 2' 'GET . drop' >"$D/p.rules"
echo "print('lost, and killed')" | put doubt.py
check "the answer to POST statements is lost again" wait_for lost_answers_are 3
daemon_kill
: >"$D/p.rules"
daemon_start
check "and the daemon is killed at once: the file has its result" ran doubt.py ok "lost, and killed"
check "and the daemon is killed at once: sent once" exactly_once "$S" doubt.py
check "and the daemon is killed at once: same session" in_session doubt.py "$S"
daemon_stop
end_beside "$PROXY_PID"
