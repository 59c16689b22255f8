"""What is asked, what is shown, and what is said when it cannot be had."""
import os
import sqlite3

from place import Place, must, same, user

# A word of each command that asks the daemon.
ASKING = [["list"], ["show", "7"], ["history"], ["sessions"], ["spools"], ["watch"], ["cancel", "7"],
          ["hold", "7"], ["release", "7"], ["rerun", "7"], ["pause", "s"], ["resume", "ALL"], ["drain"],
          ["reload"], ["metrics"], ["run", "x.py"], ["watch", "7"]]


def with_jobs(p):
    """A running one, a queued one, one that is held, one that has failed."""
    s = p.path("s")
    p.stand.add(s + "/a.py", "s", state="running", progress=0.42, elapsed_s=133, started="2026-11-29T18:00:00Z")
    p.stand.add(s + "/b.py", "s", place=1, elapsed_s=9)
    p.stand.add(s + "/c.py", "s", state="held", held="by an administrator", elapsed_s=9)
    j = p.stand.add(s + "/d.py", "s")
    p.stand.finish(j, "error", None, exit_code=3, error={"name": "ValueError", "message": "no"},
                   elapsed_s=61)


def case_list(tools):
    p = Place(tools)
    yield p
    same(p.good("list").out, "nothing is queued or running\n", "an empty list")
    with_jobs(p)
    lines = p.good("list").lines()
    same(lines[0].split(), ["JOB", "STATE", "OWNER", "SPOOL", "TIME", "DONE", "FILE"], "the head")
    same(lines[1].split()[:2] + lines[1].split()[3:], ["41", "running", "s", "2m", "13s", "42%", "a.py"],
         "the running one")
    same(lines[2].split()[:3], ["42", "queued", "1"], "the queued one")
    must(lines[3].endswith("c.py (by an administrator)"), "why one is held")
    same(lines[4], "1 running, 1 queued, 1 held", "the sum")
    same(p.good().out, "\n".join(lines) + "\n", "without a command")
    rows = [line.split("\t") for line in p.good("list", "--porcelain").lines()]
    same([len(r) for r in rows], [16, 16, 16], "the columns")
    same(rows[0][:2] + [rows[0][9], rows[0][15]], ["41", "running", "0.420", p.path("s", "a.py")],
         "a row")
    same([j["id"] for j in p.good("list", "--json").json()], [41, 42, 43], "the JSON")


def case_filters(tools):
    p = Place(tools)
    yield p
    with_jobs(p)
    p.good("list", "-s", "s", "--owner", str(os.getuid()), "--state", "held")
    same(p.stand.asked[-1], {"v": 1, "do": "list", "owner": os.getuid(), "spool": "s", "state": "held"},
         "the request")
    out = p.good("history", "--status", "error", "--since", "2026-11-29T18:00Z", "--until", "2026-11-30",
                 "--limit", "5", "--name", "d.py").lines()
    same(p.stand.asked[-1], {"v": 1, "do": "history", "status": "error", "name": "d.py", "limit": 5,
                             "since_ms": 1795975200000, "until_ms": 1795996800000}, "the request")
    same(out[1].split()[:3], ["44", "error", "3"], "the ended one")
    must(out[1].endswith("1m 01s  d.py (no)"), "how long it took and why it failed: " + out[1])
    p.fails(120, "history", "--since", "noon", says="is no time")
    p.fails(120, "list", "--owner", "nobody-of-this-name", says="no user")


def case_show(tools):
    p = Place(tools)
    yield p
    with_jobs(p)
    out = p.good("show", "44").out
    for words in ("job 44: d.py", "error, after 1m 01s", "ValueError: no", "sparkspool rerun 44"):
        must(words in out, "show says %r: %r" % (words, out))
    done = p.cli("show", "44", "99")
    same((done.code, done.is_one_line()), (1, True), "one that is not there")
    must("job 44" in done.out, "the other is shown all the same")
    same(p.good("show", p.path("s", "a.py"), "--json").json()[0]["id"], 41, "by its path")


def case_sessions(tools):
    """How files run there is said: a process each, or in the interpreter, and why."""
    p = Place(tools)
    yield p
    lines = p.good("sessions").lines()
    must(lines[1].endswith("idle"), "a session: " + lines[1])
    must(lines[2].endswith("busy; files run in its interpreter, one by one: there is no fork here"),
         "another: " + lines[2])
    rows = [line.split("\t")[-1] for line in p.good("sessions", "--porcelain").lines()]
    same(rows, ["process", "interpreter"], "for programs")


def case_who(tools):
    p = Place(tools)
    yield p
    with_jobs(p)
    os.symlink(p.path("s"), p.path("home", "link"))
    p.good("hold", "41", "link/b.py", "-", stdin="43\n\n44\tqueued\tx\n")
    same(p.stand.asked[-1]["jobs"], [41, p.path("s", "b.py"), 43, 44], "whom it means")
    same([line.split(":")[0] for line in p.good("cancel", "-", stdin=p.good("list", "--porcelain").out).lines()],
         ["cancelling job 41", "cancelled job 42", "cancelled job 43"], "a list through a pipe")
    p.good("release", "41", "ALL")
    same(p.stand.asked[-1]["jobs"], "ALL", "everything")
    p.fails(120, "cancel", "all", says="in capitals")
    p.fails(120, "rerun", "41", "ALL", says="takes no ALL")
    p.fails(120, "cancel", says="which jobs?")
    p.fails(120, "pause", "all", says="in capitals")
    p.fails(120, "pause", says="name one spool")
    p.good("pause", "--pool", "all")
    same(p.stand.asked[-1], {"v": 1, "do": "pause", "pool": "all"}, "the request")
    p.good("resume", "ALL")
    same(p.stand.asked[-2:], [{"v": 1, "do": "resume", "all": True}, {"v": 1, "do": "spools"}],
         "the requests: what is paused all the same is told")


def case_long_in_json(tools):
    """A request holds as many of them as fit, by what they are there: six bytes for each control character."""
    p = Place(tools)
    yield p
    done = p.cli("cancel", *["\x01" * 240 + str(i) for i in range(100)])
    same((done.code, done.err.count("there is no job")), (1, 100), "the end: %s" % done.err[-100:])


def case_many(tools):
    """More than one request holds: all of them are asked for."""
    p = Place(tools)
    yield p
    for i in range(3000):
        p.stand.add("/nowhere/%s%d.py" % ("x" * 40, i), "s")
    text = "".join("/%s%d.py\n" % ("x" * 40, i) for i in range(3000))
    os.mkdir(p.path("home", "nowhere"))
    done = p.cli("release", "-", stdin=text)
    asked = [r for r in p.stand.asked if r["do"] == "release"]
    same(sum(len(r["jobs"]) for r in asked), 3000, "the number asked for")
    must(len(asked) > 1, "several requests")
    same(done.code, 1, "the code, for these are not there")


def case_names(tools):
    """A name moves no cursor and forges no line, in no form."""
    p = Place(tools)
    yield p
    evil = "e\n\033[31mjob 1\tx\\.py\u009b2J"
    p.stand.add(p.path("s") + "/" + evil, "s")
    line = p.good("list").lines()[1]
    must(line.endswith("e\\x0a\\x1b[31mjob 1\\x09x\\.py\\xc2\\x9b2J"), "harmless: %r" % line)
    row = p.good("list", "--porcelain").lines()
    same(len(row), 1, "lines for programs")
    must(row[0].endswith("/e\\n\\x1b[31mjob 1\\tx\\\\.py\\xc2\\x9b2J"), "escaped: %r" % row[0])
    same(p.good("list", "--json").json()[0]["name"], evil, "the name in JSON")


def case_down(tools):
    """No daemon: one line and the code, whatever was asked; nothing is submitted by run."""
    p = Place(tools, stand=False)
    yield p
    p.write("home/x.py", "1\n")
    for words in ASKING:
        p.fails(122, *words, says="there is no daemon at")
    same(p.names(), [], "the spool")
    error = p.cli("list", "--json").json()
    same((error[0]["type"], error[0]["why"], error[0]["exit"]), ("error", "no-daemon", 122), "the JSON")
    p.stand.start()
    p.stand.stop()
    p.fails(122, "list", says="refused")


def case_faults(tools):
    """One that hangs, closes, speaks nonsense or another version."""
    p = Place(tools)
    yield p
    p.write("home/x.py", "1\n")
    version = [{"type": "error", "code": "version", "message": "this daemon speaks version 2"}]
    faults = [("hang", 122, "does not answer"), ("close", 122, "has closed the connection"),
              ("half", 122, "has closed the connection"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", 125, "does not speak"),
              (b"[1]\n", 125, "does not speak"), (b'{"type":"job","id":1e999}\n', 125, "does not speak"),
              (version, 125, "another version")]
    for fault, code, says in faults:
        p.stand.faults = {"*": fault}
        patience = "100ms" if fault == "hang" else "60s"
        for words in ASKING:
            if fault != "hang" or words[0] != "drain":  # which waits as long as files run
                p.fails(code, "--patience", patience, *words, says=says)
    same(p.names(), [], "the spool")
    p.stand.faults = {"*": b"x" * (17 << 20)}
    p.fails(125, "list", says="does not speak")


def case_refused(tools):
    p = Place(tools)
    yield p
    for code, number in (("not-allowed", 123), ("not-found", 1), ("not-now", 1), ("too-many", 122),
                         ("bad-request", 125), ("failed", 125)):
        p.stand.faults = {"cancel": [{"type": "error", "code": code, "message": "so it is",
                                      "hint": "do this"}]}
        p.fails(number, "cancel", "1", says="so it is; do this")
    p.stand.faults = {"reload": [{"type": "messages", "messages": ["conf:1: x", "conf:2: y"]},
                                 {"type": "error", "code": "failed", "message": "conf:1: x"}]}
    done = p.cli("reload")
    same((done.code, done.err), (121, "sparkspool: conf:1: x\nsparkspool: conf:2: y\n"), "two errors")


def case_usage(tools):
    p = Place(tools)
    yield p
    p.fails(120, "lst", says="did you mean 'list'?")
    p.fails(120, "xyzzy", says="'sparkspool help' lists them")
    p.fails(120, "list", "--nope", says="no option --nope")
    p.fails(120, "list", "--once", says="list has no option --once")
    p.fails(120, "list", "x", says="takes no 'x'")
    p.fails(120, "list", "--owner", says="needs a value")
    p.fails(120, "list", "-z", says="no option -z")
    p.fails(120, "list", "--patience", "5", says="with a unit")
    p.fails(120, "submit", says="which files?")
    p.fails(120, "run", says="which files?")
    p.fails(120, "why", says="which file?")
    p.fails(120, "on-end", says="which command?")
    done = p.cli("list", "--json", "--porcelain")
    same((done.code, done.is_one_line()), (120, True), "both forms")
    must(p.good("--version").out.startswith("sparkspool "), "the version")
    must("usage: sparkspool" in p.good("--help").out, "the help")
    for name in ("submit", "run", "on-end"):
        same(p.good(name, "--help").out, p.good("help", name).out, "help of " + name)
    must("--once\n" in p.good("help", "run").out, "a command's options")


def case_configuration(tools):
    """check says what --check-config says; a file that is named is meant."""
    import subprocess
    p = Place(tools)
    yield p
    daemon = subprocess.run([tools.daemon, "-f", p.conf, "--check-config"], stdout=subprocess.PIPE)
    same(p.good("check").out, daemon.stdout.decode(), "what would run")
    p.write("conf", "state_dir = 1;\nnope = 2;\n")
    done = p.cli("check")
    daemon = subprocess.run([tools.daemon, "-f", p.conf, "--check-config"], stderr=subprocess.PIPE)
    same((done.code, done.err.replace("sparkspool: ", "")), (121, daemon.stderr.decode()), "all errors")
    must(done.err.count("\n") > 2, "each in its line")
    p.write("conf", 'run_dir = "%s";\nnope = 2;\n' % p.path("run"))
    p.good("list")  # where the daemon is can be read all the same
    p.write("home/x.py", "1\n")
    same(p.good("submit", "x.py").out, p.path("s", "x.py") + "\n", "and it knows the spools")
    p.write("conf", "nope {\n")
    p.fails(121, "list", says="'sparkspool check' says it all")
    p.conf = "/nowhere/conf"
    p.fails(121, "list", says="cannot be read")


def case_history_alone(tools):
    """Without the daemon: what its ledger says, for those who may read it."""
    p = Place(tools, stand=False)
    yield p
    p.fails(122, "history", says="its ledger cannot be read")
    db = sqlite3.connect(p.path("state", "ledger.db"))
    db.execute("pragma journal_mode = wal")
    db.execute("create table job(id integer primary key, spool, name, uid, kind, status, exit_code, attempts,"
               " queued_ms, started_ms, finished_ms, session_name, error_name, error_message, recorded, state)")
    for i, (name, status, code, state) in enumerate([(b"a.py", 1, 0, 8), (b"b.py", 2, 3, 8), (b"c.py", 0, None, 1)]):
        at = 1795975200000 + i * 1000
        db.execute("insert into job values (?, 's', ?, 0, 0, ?, ?, 1, ?, ?, ?, 'x', ?, 'no', 1, ?)",
                   (i + 1, name, status, code, at, at, at + 500, "ValueError" if code else None, state))
    db.commit()
    before = os.listdir(p.path("state"))
    done = p.good("history", "--porcelain")
    same([line.split("\t")[:5] + line.split("\t")[14:] for line in done.lines()],
         [["2", "done", "error", "s", "all", "3", p.path("s", "b.py")],
          ["1", "done", "ok", "s", "all", "0", p.path("s", "a.py")]], "the history")
    must(done.is_one_line() and "this is what its ledger says" in done.err, done.err)
    same(len(p.good("history", "--json", "-q", "--status", "error", "--name", "b*", "-s", "s", "--since",
                    "2026-11-29T18:00Z", "--owner", "0").json()), 1, "a choice")
    same(p.good("history", "-q", "--porcelain", "--until", "2026-11-29T18:00Z").out, "", "another")
    p.fails(120, "history", "--status", "good", says="there is no status 'good'")
    same(os.listdir(p.path("state")), before, "nothing is left there")
    os.chmod(p.path("state"), 0o700)
    p.fails(122, "history", before=user(65534), says="Permission denied")
