# Python and SQL files as processes of a warm session.
#
# Nothing waits for time to pass: what must be under way together waits for one another's marks in
# the directory $M, which the spool's env names.

ONE='warm: { pyspark = 0; sql = 0; }; max = 1; slots = 4; on_stop = "delete";'
house scripts
M=$D/marks
mkdir -p "$M" "$D/helpers/pkg"
echo 'def word(): return "helped"' >"$D/helpers/helper_of_ours.py"
: >"$D/helpers/pkg/__init__.py"
echo 'VALUE = 42' >"$D/helpers/pkg/inner.py"
SPOOL="$SCRIPT env = ( (\"MARKS\", \"$M\"), (\"WORD\", \"from the spool\") ); modules = \"$D/helpers\"; output_max = \"1M\"; html = true;"
write_conf "$ONE" "$SPOOL"
daemon_start

# mark NAME, and await NAME... in the files' language
cat >"$D/prologue" <<'END'
import os, sys, time
M = os.environ["MARKS"]
def mark(name, text=""):
    with open(os.path.join(M, name), "a") as f:
        f.write(text + "\n")
def await_(*names):
    while not all(os.path.exists(os.path.join(M, n)) for n in names):
        time.sleep(0.02)
END
# script NAME: standard input behind the prologue, but its own directive before that
script() {
	awk -v prologue="$D/prologue" 'function rest() { while ((getline line <prologue) > 0) print line }
		NR == 1 && /^# sparkspool/ { print; rest(); next } NR == 1 { rest() } { print }' | put "$1"
}
marked() { present "$M/$1"; }
lines_of() { is "$(wc -l <"$M/$1")" "$2"; }
err_has() { has "$D/s/$1.err" "$2"; }

# ---- what a file is -----------------------------------------------------------------------------

script whole.py <<'END'
# sparkspool: args="one 'two three'"
class Thing: pass
if __name__ == "__main__":
    print(sys.argv[1:], os.path.basename(__file__), Thing.__module__)
    print(spark.range(10).count(), os.environ["WORD"])
    print("to err", file=sys.stderr)
    open("left.txt", "w").write("left\n")
    sys.exit(7)
END
check "a script: error by its exit code" ran whole.py error "['one', 'two three'] whole.py __main__
10 from the spool"
check "a script: its own exit code" has_field whole.py .exit_code 7
check "a script: standard error as it was" is "$(cat "$D/s/whole.py.err")" "to err"
check "a script: what it left comes back" is "$(cat "$D/s/whole.py.files/left.txt")" left
check "a script: its page" has "$D/s/whole.py.html" "whole.py"
SESSION=$(field whole.py .session)

script bytes.py <<'END'
os.write(1, bytes(range(256)))
END
check "bytes: ok" ran bytes.py ok
check "bytes: as they were" is "$(sha256sum <"$D/s/bytes.py.out")" "$(python3 -c 'import os; os.write(1, bytes(range(256)))' | sha256sum)"

script trace.py <<'END'
def inner():
    return 1 / 0
print("before")
inner()
END
check "an exception: error" ran trace.py error before
check "an exception: its line" has_field trace.py .error.line 10
check "an exception: its name" has_field trace.py .error.name ZeroDivisionError
check "an exception: no frame of ours" is "$(grep -c 'File' "$D/s/trace.py.err")" 2

script large.py <<'END'
for i in range(40000):
    print("%08d" % i, "x" * 60)
END
check "too much output: ok" ran large.py ok
check "too much output: the limit holds" is "$(stat -c %s "$D/s/large.py.out")" 1048576
check "too much output: what was cut is said" has_field large.py '.truncated.out' $((40000 * 70 - 1048576))

echo 'import helper_of_ours, pkg.inner; print(helper_of_ours.word(), pkg.inner.VALUE)
print(sorted(sc.parallelize([1, 2], 2).map(lambda n: helper_of_ours.word() * n).collect()))' | put modules.py
check "helper modules: on the driver and in tasks" ran modules.py ok "helped 42
['helped', 'helpedhelped']"

script killed.py <<'END'
print("last words", flush=True)
os.kill(os.getpid(), 11)
END
check "a signal: error" ran killed.py error "last words"
check "a signal: as a shell has it" has_field killed.py .exit_code 139
check "all in one session" has_field killed.py .session "$SESSION"

# ---- side by side --------------------------------------------------------------------------------

for i in 1 2 3 4; do
	script "beside$i.py" <<-END
	mark("b$i")
	await_("b1", "b2", "b3", "b4")
	print("$i of 4", spark.range($i).count())
	END
done
for i in 1 2 3 4; do
	check "four at once: $i" ran "beside$i.py" ok "$i of 4 $i"
done
check "four at once: in one session" is "$(jq -r .session "$D"/s/beside?.py.json | sort -u)" "$SESSION"

# ---- while it runs -------------------------------------------------------------------------------

script slow.py <<'END'
print("first line", flush=True)
mark("slow")
await_("go")
print("second line")
END
hidden_has() { cat "$D"/s/.sparkspool-*-p1.tmp 2>/dev/null | grep -qx "$1"; }
check "output while it runs" wait_for hidden_has "first line"
check "output while it runs: no result yet" no_result slow.py
touch "$M/go"
check "output while it runs: then all of it" ran slow.py ok "first line
second line"
check "nothing hidden is left" is "$(find "$D/s" -name '.sparkspool*')" ""

# ---- limits --------------------------------------------------------------------------------------

# pid_gone FILE: the process of that number, or a zombie of it
pid_gone() { ! grep -q '^State:	[^ZX]' "/proc/$(cat "$1")/status" 2>/dev/null; }
script endless.py <<'END'
# sparkspool: timeout=2s
import subprocess
child = subprocess.Popen(["sleep", "100000"], start_new_session=True)
mark("endless", str(child.pid))
print("begun", flush=True)
while True:
    pass
END
if [ -n "$OWN_SERVER" ]; then
	check "a time limit: timeout" ran endless.py timeout begun
	check "a time limit: .err says it" err_has endless.py "sparkspool: Timeout: "
	check "a time limit: its setsid child is gone" wait_for pid_gone "$M/endless"
fi
script sparkjob.py <<'END'
# sparkspool: timeout=4s
import threading
sc.setJobGroup("mine", "x")
threading.Thread(target=lambda: sc.range(8, numSlices=8).foreach(lambda _: time.sleep(100000)), daemon=True).start()
sc.range(8, numSlices=8).foreach(lambda _: time.sleep(100000))
END
check "a time limit on Spark jobs: timeout" ran sparkjob.py timeout
script after.py <<'END'
print(spark.range(100).count(), len(sc.statusTracker().getActiveJobsIds()))
END
check "a time limit on Spark jobs: they are gone" ran after.py ok "100 0"
check "limits: the session is whole" has_field after.py .session "$SESSION"

# ---- apart ---------------------------------------------------------------------------------------

script poison.py <<'END'
import builtins
builtins.poison = 1
os.environ["POISON"] = "1"
os.chdir("/")
spark.range(3).createOrReplaceTempView("t")
spark.conf.set("spark.sql.shuffle.partitions", "3")
spark.range(5).cache().count()
sc.setLocalProperty("spark.job.description", "poison")
spark.stop()
END
script clean.py <<'END'
print(hasattr(__builtins__, "poison"), "POISON" in os.environ, os.getcwd() != "/")
print(spark.catalog.tableExists("t"), spark.conf.get("spark.sql.shuffle.partitions") != "3")
while len(sc._jsc.getPersistentRDDs()) > 0: # what the former has cached goes soon after its end
    time.sleep(0.05)
print(os.listdir("."))
END
check "apart: one file" ran poison.py ok
check "apart: the next sees nothing of it" ran clean.py ok "False False True
False True
[]"

# ---- SQL -----------------------------------------------------------------------------------------

put several.sql <<'END'
-- a comment; with a semicolon
create temporary view v as select id, cast(id as decimal(10,2)) / 3 as d from range(3);
select ';' as s, count(*) from v;
select id, d from v order by id;
END
check "SQL: several statements" ran several.sql ok ";	3
0	0.000000
1	0.333333
2	0.666667"
check "SQL: the last table" is "$(tr -d '\r' <"$D/s/several.sql.csv")" "id,d
0,0.000000
1,0.333333
2,0.666667"
check "SQL: in the same session" has_field several.sql .session "$SESSION"
put broken.sql <<'END'
select 1;

select nonsense from nowhere;
select 3;
END
check "SQL: the first error ends it" ran broken.sql error 1
check "SQL: which line" has_field broken.sql .error.line 3
check "SQL: which statement" has_field broken.sql .error.statement 2

# ---- a session for itself, and the old way --------------------------------------------------------

echo '# sparkspool: style=raw
1 + 1' | put old.py
check "style=raw: as Livy has it" ran old.py ok 2
check "style=raw: another session" is "$([ "$(field old.py .session)" != "$SESSION" ]; echo $?)" 0
echo '# sparkspool: pool=elsewhere
print(1)' | put astray.py
check "a pool that the spool does not allow: rejected" ran astray.py rejected
check "a pool that the spool does not allow: how to" has "$D/s/astray.py.err" allow
daemon_stop

# ---- the daemon dies -------------------------------------------------------------------------------

house scripts-again
M=$D/marks
mkdir -p "$M"
cp "$TMP/$GROUP-scripts/prologue" "$D/"
write_conf "$ONE" "$SCRIPT env = ( (\"MARKS\", \"$M\") );"
daemon_start
script outlives.py <<'END'
mark("ran")
print("before", flush=True)
await_("go")
print("after")
END
check "killed: it runs" wait_for marked ran
daemon_kill
daemon_start
touch "$M/go"
check "killed: found again, with all its output" ran outlives.py ok "before
after"
check "killed: it ran once" lines_of ran 1
daemon_kill
script ended.py <<'END'
mark("ended")
print("while nobody looked")
END
daemon_start
check "killed again: the session serves" ran ended.py ok "while nobody looked"

# ---- the zygote dies --------------------------------------------------------------------------------

script murder.py <<'END'
import signal
print("so far", flush=True)
await_("bystander")
time.sleep(0.5)
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(100000)
END
script bystander.py <<'END'
print("innocent", flush=True)
mark("bystander")
time.sleep(100000)
END
check "the zygote dies: its runs have died" ran murder.py died
check "the zygote dies: the others too, with their output" ran bystander.py died innocent
echo 'print("well")' | put next.py
check "the zygote dies: the next file runs elsewhere" ran next.py ok well
check "the zygote dies: elsewhere" is "$([ "$(field next.py .session)" != "$(field bystander.py .session)" ]; echo $?)" 0

# ---- the driver dies --------------------------------------------------------------------------------

script orphan.py <<'END'
print("so far", flush=True)
mark("orphan")
time.sleep(100000)
END
check "the session is deleted: it runs" wait_for marked orphan
wait_running orphan.py
livy_delete "/sessions/$(job_session orphan.py)"
check "the session is deleted: died" ran orphan.py died
echo 'print("well")' | put last.py
check "the session is deleted: the next file runs" ran last.py ok well
daemon_stop
