"""Files as programs: their output while it comes, and their codes."""
import os
import signal
import subprocess
import threading
import time

from place import Place, must, same, until


def at_once(p, **end):
    """Whatever is picked up ends like that."""
    p.stand.on_pick_up = lambda job: p.stand.finish(job, **end)


def wait_job(p, name="a.py"):
    path = p.path("s", name)
    until(lambda: any(j["path"] == path for j in p.stand.jobs.values()), name + " to be picked up")
    return p.stand.find(path)


def begin_run(p):
    """A file is being run: the command, and the job as the daemon has it."""
    p.write("home/a.py", "1\n")
    one = p.begin("run", "a.py")
    return one, wait_job(p)


def wait_watch(p, times=1):
    until(lambda: sum(r["do"] == "watch" for r in p.stand.asked) == times, "the watch")


def grow(p, job, name, text, **more):
    """Its output comes into that hidden file."""
    p.stand.change(job, output={"path": p.write("s/" + name, text), "bytes": len(text)}, **more)


def end_with(p, job, name):
    """That hidden file is the whole of its output."""
    os.rename(p.path("s", name), job["path"] + ".out")
    p.stand.change(job, state="done", status="ok", exit_code=0, record=job["path"] + ".json")


def case_run_codes(tools):
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    error = {"name": "ValueError", "message": "no"}
    for status, own, code, why in (("ok", 0, 0, "file"), ("error", 3, 3, "file"), ("error", 119, 119, "file"),
                                   ("error", 137, 119, "file"), ("error", None, 1, "file"),
                                   ("timeout", 143, 124, "timeout"), ("cancelled", 137, 127, "cancelled"),
                                   ("died", None, 126, "lost"), ("unknown", None, 126, "lost"),
                                   ("rejected", None, 126, "lost")):
        at_once(p, status=status, exit_code=own, out="told\n", err="more\n", error=error)
        done = p.cli("run", "a.py")
        same((done.code, done.out), (code, "told\n"), status)
        must(done.err.startswith("more\n"), "standard error comes, too")
        last = done.err.splitlines()
        if code == 0:
            same(last, ["more"], "a good end says nothing")
        else:
            must(any("(job %d): %s, ValueError: no;" % (p.stand.next_id, status) in x for x in last), done.err)
        must((own == 137 and code == 119) == ("was 137" in done.err), "a word on a code that is cut")
        result = p.cli("run", "--json", "a.py").json()[-1]
        same([result[k] for k in ("type", "status", "exit_code", "exit", "why")],
             ["result", status, own, code, why], "the JSON")


def case_run_silent_end(tools):
    """Rejected without a record: there is nothing to print but why."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    at_once(p, status="rejected", out=None, error={"name": "Rejected", "message": "its names are taken"})
    done = p.cli("run", "a.py")
    same((done.code, done.out), (126, ""), "the code")
    must("its names are taken" in done.err and done.err.count("\n") == 1, done.err)


def case_run_grows(tools):
    """Output is shown as it comes, each byte once, also when the file goes on under another name."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    hidden = p.path("s", ".sparkspool-1-p0.tmp")
    grow(p, job, ".sparkspool-1-p0.tmp", "first\n", state="running", progress=0.1)
    same(one.stdout.readline(), b"first\n", "what there is")
    with open(hidden, "a") as f:
        f.write("second\nhalf")
    same(one.stdout.readline(), b"second\n", "what comes, without a word of the daemon")
    trace = p.write("s/.sparkspool-1-p1.tmp", "trace\n")
    p.stand.change(job, output_err={"path": trace, "bytes": 6})
    same(one.stderr.readline(), b"trace\n", "standard error, too")
    with open(hidden, "a") as f:
        f.write(" a line")
    os.rename(trace, job["path"] + ".err")
    end_with(p, job, ".sparkspool-1-p0.tmp")
    done = p.end(one)
    same((done.code, done.out, done.err), (0, "half a line", ""), "the rest")


def case_run_again(tools):
    """A second attempt: what it prints is another file, and all of that is shown."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    grow(p, job, ".1.tmp", "one\n", state="running", attempts=1)
    same(one.stdout.readline(), b"one\n", "the first attempt")
    grow(p, job, ".2.tmp", "two\n", attempts=2)
    same(one.stdout.readline(), b"two\n", "the second")
    end_with(p, job, ".2.tmp")
    same(p.end(one).out, "", "and nothing twice")


def case_run_fetched_again(tools):
    """A daemon that was restarted fetches the output of the same run into another file."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    grow(p, job, ".1.tmp", "one\n", state="running", attempts=1)
    same(one.stdout.readline(), b"one\n", "the first file")
    os.unlink(p.path("s", ".1.tmp"))
    grow(p, job, ".2.tmp", "on")
    with open(p.path("s", ".2.tmp"), "a") as f:
        f.write("e\ntwo\n")
    same(one.stdout.readline(), b"two\n", "the second goes on where the first was")
    end_with(p, job, ".2.tmp")
    same(p.end(one).out, "", "and nothing twice")


def case_run_several(tools):
    p = Place(tools)
    yield p
    for name, text in (("a.py", "1"), ("b.py", "2"), ("c.py", "3")):
        p.write("home/" + name, text)
    code = {"a.py": 0, "b.py": 4, "c.py": 5}
    p.stand.on_pick_up = lambda job: p.stand.finish(
        job, "error" if code[job["name"]] else "ok", out=job["name"] + "\n", exit_code=code[job["name"]])
    done = p.cli("run", "a.py", "b.py", "c.py")
    same((done.code, done.out), (4, "a.py\nb.py\nc.py\n"), "in their order, with the first bad code")


def case_run_same_name(tools):
    """A job that this path had before is not taken for ours."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    p.stand.add(p.path("s", "a.py"), "s", ino=1, state="done", status="ok", exit_code=0)
    at_once(p, status="error", exit_code=9)
    same(p.cli("run", "a.py").code, 9, "the code")


def case_run_line(tools):
    """Where a line had to be put in, a failure says so."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "boom\n")
    at_once(p, status="error", exit_code=1)
    must("as line 1: its other lines have numbers one higher" in p.cli("run", "--timeout", "5m", "a.py").err, "a word")
    must("line 1" not in p.cli("run", "a.py").err, "no word where there is none")


def case_run_interrupted(tools):
    """Ctrl-C leaves the file alone and says how to come back; or cancels it, if that was asked for."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    p.stand.change(job, state="running")
    wait_watch(p)
    one.send_signal(signal.SIGINT)
    done = p.end(one)
    same((done.code, done.is_one_line()), (-signal.SIGINT, True), "as the shell expects it")
    must("'sparkspool watch %d' shows it" % job["id"] in done.err, done.err)
    same(job["state"], "running", "the job")
    one = p.begin("run", "--cancel-on-interrupt", "-n", "b.py", "a.py")
    job = wait_job(p, "b.py")
    p.stand.change(job, state="running")
    wait_watch(p, 2)
    one.send_signal(signal.SIGINT)
    done = p.end(one)
    same((done.code, job["status"]), (127, "cancelled"), "cancelled")


def case_run_interrupted_early(tools):
    """Before it is picked up there is nothing to cancel: the file is taken out again."""
    p = Place(tools)
    yield p
    p.stand.ready = "marker"  # which the configuration does not know: it is never picked up
    p.write("home/a.py", "1\n")
    one = p.begin("run", "--cancel-on-interrupt", "a.py")
    until(lambda: sum(r["do"] == "show" for r in p.stand.asked) > 2, "the wait")
    one.send_signal(signal.SIGINT)
    same((p.end(one).code, p.names()), (127, []), "the code and the spool")
    one = p.begin("run", "a.py")
    until(lambda: sum(r["do"] == "show" for r in p.stand.asked) > 6, "the wait")
    one.send_signal(signal.SIGTERM)
    done = p.end(one)
    same((done.code, p.names()), (-signal.SIGTERM, ["a.py"]), "the code and the spool")
    must("stays in the spool" in done.err, done.err)


def case_run_interrupted_marked(tools):
    """The marker goes, too: it would vouch for the next file of that name."""
    p = Place(tools, {"s": 'pool = "all"; ready = "marker";'})
    yield p
    p.stand.look = lambda: None
    p.write("home/a.py", "1\n")
    one = p.begin("run", "--cancel-on-interrupt", "a.py")
    until(lambda: sum(r["do"] == "show" for r in p.stand.asked) > 2, "the wait")
    same(p.names(), ["a.py", "a.py.ready"], "the spool")
    one.send_signal(signal.SIGINT)
    same((p.end(one).code, p.names()), (127, []), "the code and the spool")


def case_run_interrupted_late(tools):
    """It is taken out in the moment in which the daemon has read it: then it runs, and is cancelled."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    path = p.path("s", "a.py")

    def look():
        if p.stand.asked and not os.path.exists(path) and not p.stand.jobs:
            p.stand.add(path, "s", state="running")
    p.stand.look = lambda: None
    one = p.begin("run", "--cancel-on-interrupt", "a.py")
    until(lambda: sum(r["do"] == "show" for r in p.stand.asked) > 2, "the wait")
    p.stand.look = look
    one.send_signal(signal.SIGINT)
    done = p.end(one)
    same((done.code, [j["status"] for j in p.stand.jobs.values()]), (127, ["cancelled"]), "the end of it")
    must("had not begun" not in done.err, done.err)


def case_run_odd_name(tools):
    """What a file's name has in it moves nobody's cursor, and ends no line."""
    p = Place(tools)
    yield p
    p.stand.on_pick_up = lambda job: p.stand.finish(job, status="error", exit_code=1)
    p.write("home/a\x1b[31m\n.py", "1\n")
    done = p.cli("run", "a\x1b[31m\n.py")
    same((done.code, done.is_one_line(), "\x1b" in done.err), (1, True, False), "what is said: %r" % done.err)


def case_run_not_utf8(tools):
    """In JSON there is no such name, and nobody could be asked for it: it would be waited for for ever."""
    p = Place(tools)
    yield p
    at_once(p)
    with open(os.path.join(os.fsencode(p.path("home")), b"\xff.py"), "w") as f:
        f.write("1\n")
    p.fails(120, "run", b"\xff.py", says="not UTF-8")
    same(p.names(), [], "the spool")
    p.good("run", "-n", "b", b"\xff.py")


def case_no_room_for_output(tools):
    """What cannot be said on standard output is a failure, and that is said."""
    p = Place(tools)
    yield p
    for words in (["spools"], ["spools", "--json"], ["--version"], ["help"], ["list", "--help"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(p.command(words), stdout=full, stderr=subprocess.PIPE, env=p.environment({}))
        same(done.returncode, 125, "the code of %s" % words)
        must(b"standard output" in done.stderr and done.stderr.count(b"\n") == 1, "%s: %r" % (words, done.stderr))


def case_ended_with_nobody_to_read(tools):
    """All of the output comes at the end, and its reader has gone: the code tells, without a word."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    one.stdout.close()
    p.stand.finish(job, out="x" * 100000)
    same((one.wait(), one.stderr.read()), (125, b""), "the code and what is said")
    one.stdout = None


def case_run_gone(tools):
    """Somebody takes it out of the spool before it is seen."""
    p = Place(tools)
    yield p
    p.stand.ready = "marker"
    p.write("home/a.py", "1\n")
    one = p.begin("run", "a.py")
    until(lambda: p.names() == ["a.py"], "the file")
    os.unlink(p.path("s", "a.py"))
    done = p.end(one)
    same((done.code, done.is_one_line()), (126, True), "the end")
    must("never picked up" in done.err, done.err)


def case_run_restart(tools):
    """The daemon is stopped and started while the file runs: its end is seen all the same."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    p.stand.change(job, state="running")
    wait_watch(p)
    p.stand.stop()
    same(one.stderr.readline(), b"sparkspool: the daemon is gone; waiting for it to come back\n", "a word")
    p.stand.start()
    wait_watch(p, 2)
    p.stand.finish(job, "ok", out="told\n")
    done = p.end(one)
    same((done.code, done.out), (0, "told\n"), "the end")


def case_run_unreadable(tools):
    """Results that are not ours to read: where they are is said."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    os.symlink("/nowhere", p.path("s", "a.py.out"))
    p.stand.on_pick_up = lambda job: p.stand.change(job, state="done", status="ok",
                                                    record=job["path"] + ".json")
    done = p.cli("run", "a.py")
    same(done.code, 0, "the code")
    must("a.py.out cannot be read" in done.err, done.err)


def case_run_closed_output(tools):
    """Nobody reads any more: as any program it ends, and the file goes on."""
    p = Place(tools)
    yield p
    one, job = begin_run(p)
    one.stdout.close()
    p.stand.change(job, state="running", output={"path": p.write("s/.1.tmp", "x" * 100000), "bytes": 1})
    same((one.wait(), job["state"]), (128 + signal.SIGPIPE, "running"), "the code and the job")
    same(one.stderr.read(), b"", "that the reader has heard enough is no trouble")
    one.stdout = None


def case_watch_one(tools):
    p = Place(tools)
    yield p
    job = p.stand.add(p.write("s/a.py", "1\n"), "s", ino=os.stat(p.path("s", "a.py")).st_ino, state="running")
    one = p.begin("watch", str(job["id"]))
    wait_watch(p)
    p.stand.finish(job, "error", out="told\n", exit_code=3)
    done = p.end(one)
    same((done.code, done.out), (1, "told\n"), "its output")
    same(p.cli("watch", str(job["id"])).out, "told\n", "and of one that has ended")
    p.fails(1, "watch", "999", says="there is no job 999")


def case_watch_all(tools):
    """Through a pipe: a line for each change."""
    p = Place(tools)
    yield p
    a = p.stand.add(p.path("s", "a.py"), "s", place=1)
    one = p.begin("watch")
    must(one.stdout.readline().startswith(b"job 41 s/a.py: queued 1, for "), "what there is")
    p.stand.change(a, state="running", place=0, progress=0.5, elapsed_s=3)
    same(one.stdout.readline(), b"job 41 s/a.py: running, 50%, 3s\n", "a change")
    p.stand.change(a, state="done", status="ok")
    same(one.stdout.readline(), b"job 41 s/a.py: ok, after 3s\n", "the end")
    p.stand.stop()
    same(p.end(one).code, 122, "the code when the daemon goes")
