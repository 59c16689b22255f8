"""on-end: a command for each file that has ended."""
import os
import re
import shutil
import signal
import subprocess

from place import Place, Skipped, must, same, until

RECORD = 'import os; open(os.environ["LOG"], "a").write("%s %s %s %s\\n" % tuple(' \
         'os.environ.get("SPARKSPOOL_" + k) for k in ("JOB", "NAME", "STATUS", "EXIT_CODE")))'


def begin(p, *words, **env):
    """It follows: what ends from now on is heard of."""
    before = p.stand.followed
    one = p.begin("on-end", *words, LOG=p.path("log"), **env)
    until(lambda: p.stand.followed > before, "the request")
    return one


def log(p):
    return p.read("log").splitlines() if os.path.exists(p.path("log")) else []


def end_one(p, name, status="ok", code=0):
    job = p.stand.add(p.path("s", name), "s")
    p.stand.finish(job, status, out=None, exit_code=code)
    return job


def stop(p, one):
    one.send_signal(signal.SIGTERM)
    return p.end(one)


def case_on_end(tools):
    p = Place(tools)
    yield p
    end_one(p, "before.py")
    one = begin(p, "--", "python3", "-c", RECORD)
    end_one(p, "a;touch x.py")
    end_one(p, "b.py", "error", 3)
    until(lambda: len(log(p)) == 2, "both")
    same(log(p), ["42 a;touch x.py ok 0", "43 b.py error 3"], "what the command was told")
    same(stop(p, one).code, 0, "the end")
    same(sorted(os.listdir(p.path("home"))), [], "no shell has seen the name")


def case_on_end_cursor(tools):
    """It goes on where it was: also behind a kill, and then at least once."""
    p = Place(tools)
    yield p
    words = ["--cursor", p.path("cursor"), "--", "python3", "-c", RECORD]
    one = begin(p, *words)
    end_one(p, "a.py")
    until(lambda: os.path.exists(p.path("cursor")) and p.read("cursor") == "1\n", "the cursor")
    one.kill()
    one.communicate()
    end_one(p, "b.py")
    one = begin(p, *words)
    until(lambda: p.read("cursor") == "2\n", "the one that ended meanwhile")
    stop(p, one)
    same(log(p), ["41 a.py ok 0", "42 b.py ok 0"], "each once")


def case_on_end_first_cursor(tools):
    """There is none yet: it begins with what ends from now on, and where that is, is on disk at once."""
    p = Place(tools)
    yield p
    words = ["--cursor", p.path("cursor"), "--", "python3", "-c", RECORD]
    end_one(p, "before.py")
    one = begin(p, *words)
    until(lambda: os.path.exists(p.path("cursor")), "the cursor, before anything has ended")
    same(p.read("cursor"), "1\n", "the place")
    one.kill()
    one.communicate()
    end_one(p, "a.py")
    one = begin(p, *words)
    until(lambda: p.read("cursor") == "2\n", "the one that ended meanwhile")
    stop(p, one)
    same(log(p), ["42 a.py ok 0"], "it, and none of before")
    p.write("cursor", "")
    one = begin(p, *words)
    until(lambda: p.read("cursor") == "2\n", "an empty one is none")
    stop(p, one)
    same(len(log(p)), 1, "and nothing was run")


def case_on_end_no_cursor(tools):
    """Without a file: from now on, but what ends while the daemon is away is not missed."""
    p = Place(tools)
    yield p
    end_one(p, "before.py")
    one = begin(p, "--", "python3", "-c", RECORD)
    p.stand.stop()
    must(b"waiting for one" in one.stderr.readline(), "a word")
    end_one(p, "a.py")
    p.stand.start()
    until(lambda: log(p), "the one that ended meanwhile")
    end_one(p, "b.py")
    until(lambda: len(log(p)) == 2, "the next")
    stop(p, one)
    same(log(p), ["42 a.py ok 0", "43 b.py ok 0"], "which")
    one = begin(p, "--", "python3", "-c", RECORD)
    end_one(p, "c.py")
    until(lambda: len(log(p)) == 3, "what ends after another start")
    stop(p, one)
    same(log(p)[2], "44 c.py ok 0", "and nothing twice")


def case_on_end_lost_ledger(tools):
    """The ledger was lost, the cursor was not: all that has ended in the new one is dealt with."""
    p = Place(tools)
    yield p
    p.write("cursor", "17\n")
    end_one(p, "a.py")
    one = begin(p, "--cursor", p.path("cursor"), "--", "python3", "-c", RECORD)
    must(b"beginning with the first that has ended" in one.stderr.readline(), "a word")
    until(lambda: p.read("cursor") == "1\n", "the cursor")
    end_one(p, "b.py")
    until(lambda: p.read("cursor") == "2\n", "the next")
    stop(p, one)
    same(log(p), ["41 a.py ok 0", "42 b.py ok 0"], "which")


def case_on_end_bad_cursor(tools):
    """Before anything is run."""
    p = Place(tools)
    yield p
    end_one(p, "a.py")
    p.write("cursor", "nonsense\n")
    p.fails(125, "on-end", "--cursor", p.path("cursor"), "--", "true", says=p.path("cursor"))
    same(p.read("cursor"), "nonsense\n", "it is left alone")
    p.write("cursor", "0\n")
    os.mkdir(p.path("cursor.new"))  # where the next one would be written
    p.fails(125, "on-end", "--cursor", p.path("cursor"), "--", "python3", "-c", RECORD, says=p.path("cursor"))
    same(log(p), [], "no command was run")
    for bad in (p.path("nowhere/cursor"), p.path("s")):
        p.fails(125, "on-end", "--cursor", bad, "--", "true", says=bad)


def case_on_end_status(tools):
    p = Place(tools)
    yield p
    one = begin(p, "--status", "failed", "--", "python3", "-c", RECORD)
    for name, status in (("a.py", "ok"), ("b.py", "died"), ("c.py", "ok"), ("d.py", "timeout")):
        end_one(p, name, status)
    until(lambda: len(log(p)) == 2, "those that failed")
    same([x.split()[1] for x in log(p)], ["b.py", "d.py"], "which")
    stop(p, one)


def case_on_end_fails(tools):
    """A command that fails is tried again, and does not keep the others for ever."""
    p = Place(tools)
    yield p
    one = begin(p, "--retries", "1", "--", "sh", "-c", 'echo $SPARKSPOOL_NAME >>$LOG; test $SPARKSPOOL_NAME = b.py')
    end_one(p, "a.py")
    end_one(p, "b.py")
    until(lambda: len(log(p)) == 3, "three runs")
    done = stop(p, one)
    same(log(p), ["a.py", "a.py", "b.py"], "the runs")
    must("sh ended with code 1; giving up on it" in done.err, done.err)
    one = begin(p, "--retries", "0", "--", "/nowhere/command")
    end_one(p, "c.py")
    same(one.stderr.readline().split(b":")[2].strip()[:35], b"/nowhere/command cannot be started", "a word")
    stop(p, one)


def case_on_end_deaf(tools):
    """Whoever has started it wants to hear nothing of his children, and that is inherited: how the command
    has ended is known all the same."""
    p = Place(tools)
    yield p
    deaf = ("python3", "-c", "import os, signal, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
            "os.execv(sys.argv[1], sys.argv[1:])")
    one = begin(p, "--retries", "0", "--timeout", "10s", "--cursor", p.path("cursor"), "--", "sh", "-c", "exit 3",
                before=deaf)
    end_one(p, "a.py")
    until(lambda: os.path.exists(p.path("cursor")) and p.read("cursor") == "1\n", "its end")
    must("sh ended with code 3" in stop(p, one).err, "a word")


def is_gone(pid):
    try:
        with open("/proc/%s/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def case_on_end_hangs(tools):
    """Its time is bounded, and so is that of all that it starts. (How far it comes in that time is the
    machine's business: it is tried again until its child has said a word.)"""
    p = Place(tools)
    yield p
    one = begin(p, "--timeout", "200ms", "--retries", "1000", "--", "sh", "-c",
                'sh -c "echo \\$\\$ >>$LOG; exec sleep 1000"; true')
    end_one(p, "a.py")
    must(b"longer than --timeout" in one.stderr.readline(), "a word")
    until(lambda: log(p), "its child")
    stop(p, one)
    for pid in log(p):
        until(lambda: is_gone(pid), "its child to end")


def case_on_end_restart(tools):
    p = Place(tools)
    yield p
    one = begin(p, "--", "python3", "-c", RECORD)
    end_one(p, "a.py")
    until(lambda: len(log(p)) == 1, "the first")
    p.stand.stop()
    must(b"waiting for one" in one.stderr.readline(), "a word")
    end_one(p, "b.py")
    p.stand.start()
    until(lambda: len(log(p)) == 2, "the one that ended meanwhile")
    stop(p, one)
    p.stand.faults = {"ended": [{"type": "error", "code": "not-allowed", "message": "no"}]}
    p.fails(123, "on-end", "--", "true", says="no")


def case_on_end_mail(tools):
    """The example: a mail to the owner, and no name forges a line of its head."""
    p = Place(tools)
    yield p
    job = p.stand.add(p.path("s") + "/a.py\nBcc: x", "s", owner_name="anna")
    one = begin(p, "--cursor", p.path("cursor"), "--",
                os.path.join(tools.source, "examples", "mail-on-end"), MAILER="tee " + p.path("mail"))
    p.stand.finish(job, "error", err="Traceback\nValueError: no\n", exit_code=3,
                   error={"name": "ValueError", "message": "no"})
    until(lambda: os.path.exists(p.path("cursor")) and p.read("cursor") == "1\n", "the mail")
    head, body = p.read("mail").split("\n\n", 1)
    same(head, "To: anna\nSubject: a.py?Bcc: x: error", "the head")
    must("status error, exit code 3\nno\n" in body and body.endswith("ValueError: no\n"), body)
    stop(p, one)


def case_on_end_unit(tools):
    """systemd has nothing to say about the unit."""
    if shutil.which("systemd-analyze") is None:
        raise Skipped("there is no systemd-analyze")
    p = Place(tools)
    yield p
    with open(os.path.join(os.path.dirname(tools.cli), "systemd", "sparkspool-on-end.service")) as f:
        text = f.read()
    must("@" not in text, "a name that was not expanded")
    def verify(name, text):
        unit = re.sub("ExecStart=[^ ]*", "ExecStart=/bin/true", text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", p.write(name, unit)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = [line for line in done.stdout.decode().splitlines() if name in line]
        return done.returncode, said
    if verify("plain.service", "[Service]\nExecStart=/bin/true\n")[0] != 0:
        raise Skipped("systemd-analyze verify does not work here")
    must(verify("bad.service", text.replace("Restart=", "Restrat="))[1], "a misspelt key is seen")
    same(verify("sparkspool-on-end.service", text), (0, []), "what it says")
