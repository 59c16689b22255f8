# A file that runs longer than its spool's timeout is cancelled.

said_why() { is "$(head -n 1 "$D/s/$1.err" | cut -c1-8)" 'Timeout:' && has_field "$1" .error.name Timeout; }

house timeout
write_conf "$PYTHON1" "$QUICK timeout = \"3s\";"
daemon_start
drop spark_sleep.py
drop print.py
check "a Spark job: timeout" ran spark_sleep.py timeout
check "a Spark job: the error says why" said_why spark_sleep.py
check "a Spark job: cancelled, so the next file runs" ran print.py ok $'hello\ntwo-2'
check "a Spark job: in the same session" has_field print.py .session "$(field spark_sleep.py .session)"
check "a Spark job: it was stopped at once" is "$(jq '.times | [.started, .finished]
	| map(sub("\\.[0-9]+Z"; "Z") | fromdate) | .[1] - .[0] < 20' "$D/s/spark_sleep.py.json")" true

# Python that does not let itself be cancelled: Livy gives up after 30 s while the code runs on, so its
# session cannot be used any more.
drop sleep.py
check "a Python sleep: timeout" ran sleep.py timeout
check "a Python sleep: the error says why" said_why sleep.py
check "a Python sleep: its input stays" present "$D/s/sleep.py"
drop value.py
check "a Python sleep: the next file runs" ran value.py ok 42
check "a Python sleep: in another session" is "$([ "$(field value.py .session)" != "$(field sleep.py .session)" ]; echo $?)" 0
gone_on_server() { is "$(livy_status "/sessions/$1")" 404; }
check "a Python sleep: its session is deleted" wait_for gone_on_server "$(field sleep.py .session)"
daemon_stop
