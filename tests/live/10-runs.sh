# Files in a session's runner when things go wrong around them, in sessions of their own, and where
# no process can be had. What 09-scripts shows of one file is not shown again.
#
# As there: what must be under way together waits for one another's marks in $M.

ONE='warm: { pyspark = 0; sql = 0; }; max = 1; slots = 4; on_stop = "delete";'
house runs
M=$D/marks
mkdir -p "$M"
write_conf "$ONE session: { conf = ( (\"spark.scheduler.mode\", \"FIFO\") ); };" "$SCRIPT output_max = \"2M\";"
daemon_start
# waiting NAME [LINES]: prints so many lines, waits for the mark "go", prints one more, and exits with
# the number at the end of its name
waiting() {
	put "$1" <<-END
	import os, sys, time
	def mark(name):
	    with open(os.path.join("$M", name), "a") as f:
	        f.write("x\n")
	for i in range(${2:-1}):
	    print("$1", i)
	sys.stdout.flush()
	with open("left.txt", "w") as f:
	    f.write("$1")
	mark("$1")
	while not os.path.exists("$M/go"):
	    time.sleep(0.02)
	print("end")
	sys.exit(int("$1"[-4]))
	END
}
marked() { present "$M/$1"; }
all_marked() { local name; for name; do marked "$name" || return; done; }
whole_output() { is "$(sha256sum <"$D/s/$1.out")" "$({ for ((n = 0; n < 20000; n++)); do echo "$1 $n"; done; echo end; } | sha256sum)"; }

# ---- the daemon dies, with four under way --------------------------------------------------------

for i in 1 2 3 4; do waiting "four$i.py" 20000; done
check "killed with four: they run" wait_for all_marked four1.py four2.py four3.py four4.py
check "a boot's warning is logged" log_says 'event=runner-warns .*spark.scheduler.mode'
daemon_kill
daemon_start
daemon_kill # before it can have asked for anything
daemon_start
touch "$M/go"
for i in 1 2 3 4; do
	check "killed with four: $i is found" ran "four$i.py" error
	check "killed with four: $i has its exit code" has_field "four$i.py" .exit_code "$i"
	check "killed with four: $i has all its output" whole_output "four$i.py"
	check "killed with four: $i has its files" is "$(cat "$D/s/four$i.py.files/left.txt")" "four$i.py"
	check "killed with four: $i ran once" is "$(wc -l <"$M/four$i.py")" 1
done
check "killed with four: one session" is "$(jq -r .session "$D"/s/four?.py.json | sort -u | wc -l)" 1

# ---- the input goes, or is replaced, while it runs -----------------------------------------------

rm "$M/go"
waiting removed0.py
waiting replaced0.py
check "replaced: they run" wait_for all_marked removed0.py replaced0.py
rm "$D/s/removed0.py"
echo 'print("the new one")' | put replaced0.py
no_end() { no_result removed0.py && no_result replaced0.py; }
check "replaced: nothing ends by that" no_end
watch_start "$D/s"
touch "$M/go"
check "removed: its result comes" ran removed0.py ok "removed0.py 0
end"
new_one() { [ "$(cat "$D/s/replaced0.py.out")" = "the new one" ] && [ -e "$D/s/replaced0.py.json" ]; }
check "replaced: the new one runs" wait_for new_one
check "replaced: behind the old one" ran replaced0.py ok "the new one"
watch_stop "$D/s"
check "replaced: both results were seen" is "$(grep -c '^MOVED_TO replaced0.py.json$' "$D/events")" 2
check "replaced: the old one ran once" is "$(wc -l <"$M/replaced0.py")" 1
daemon_stop

# ---- a session for each file ----------------------------------------------------------------------

house runs-fresh
M=$D/marks
mkdir -p "$M"
write_conf 'warm: { pyspark = 1; sql = 0; }; max = 2; slots = 4; isolation = "fresh"; on_stop = "delete";' "$SCRIPT"
daemon_start
ready() { [ "$(count_in_log event=ready)" -ge "$1" ]; }
check "fresh: one is warm" wait_for ready 1
waiting held0.py
check "fresh: it runs" wait_for marked held0.py
check "fresh: the reserve is filled again while it runs" wait_for ready 2
daemon_kill
daemon_start
echo 'print("beside")' | put beside.py
check "fresh: the next one has another session" ran beside.py ok beside
touch "$M/go"
check "fresh: found again after a crash" ran held0.py ok "held0.py 0
end"
for name in held0.py beside.py; do
	session=$(field "$name" .session)
	check "fresh: the session of $name is deleted" wait_log "session=$session event=gone reason=\"deleted\""
	check "fresh: the session of $name had one file" is "$(grep -h "\"session\": \"$session\"" "$D"/s/*.json | wc -l)" 1
done
daemon_stop

# ---- no process can be had ------------------------------------------------------------------------

house runs-alone
{ echo 'import os; os.__dict__.pop("fork", None)'; cat "${DAEMON%/*}/runner.py"; } >"$D/runner.py"
write_conf "$ONE" "$SCRIPT"
sed -i "s|^runner = .*|runner = \"$D/runner.py\";|" "$D/conf"
daemon_start
echo 'import sys; print(spark.range(3).count(), __name__); sys.exit(5)' | put alone.py
check "interpreter: it runs" ran alone.py error "3 __main__"
check "interpreter: its exit code" has_field alone.py .exit_code 5
check "interpreter: the record says why" has "$(json_of alone.py)" "no process can be forked here"
check "interpreter: the log says so" log_says 'event=ready .*runner=interpreter'
echo 'select 1' | put alone.sql
check "interpreter: SQL cannot run" ran alone.sql error
check "interpreter: and it says so" has "$D/s/alone.sql.err" "only Python files in script style"
echo 'print("next")' | put next.py
check "interpreter: the next one runs" ran next.py ok next
daemon_stop
