"""Files on their way into a spool, and what keeps them there."""
import errno
import os
import signal
import stat
import subprocess

from place import Place, Skipped, must, same, until, user


def case_submit(tools):
    p = Place(tools)
    yield p
    code = p.write("home/foo.py", "print(1)\n")
    os.chmod(code, 0o777)
    for name in ("foo.py", "foo-1.py", "foo-2.py"):
        same(p.good("submit", "foo.py").out, p.path("s", name) + "\n", "what is printed")
    same(p.names(), ["foo-1.py", "foo-2.py", "foo.py"], "the spool, and nothing hidden")
    same(p.read("s", "foo-2.py"), "print(1)\n", "the bytes")
    mode = os.stat(p.path("s", "foo.py")).st_mode
    same(stat.S_IMODE(mode), 0o644, "the mode: others' to read as it was, nobody's to write or to start")
    p.write("home/b.sql", "select 1\n")
    lines = p.good("submit", "foo.py", "b.sql", "--json").json()
    same([(x["path"], x["spool"], x["line"]) for x in lines],
         [(p.path("s", "foo-3.py"), "s", None), (p.path("s", "b.sql"), "s", None)], "the JSON")
    done = p.cli("submit", "nope.py", "b.sql")
    same((done.code, done.is_one_line(), done.out), (1, True, p.path("s", "b-1.sql") + "\n"),
         "one that is missing and one that is not")


def case_submit_input(tools):
    p = Place(tools)
    yield p
    same(p.good("submit", "-k", "pyspark", "-", stdin="print(2)\n").out, p.path("s", "stdin.py") + "\n",
         "standard input")
    same(p.read("s", "stdin.py"), "print(2)\n", "its bytes")
    same(p.good("submit", "-k", "r", "--name", "nightly/report 1", "-", stdin="1\n").out,
         p.path("s", "nightly-report-1.R") + "\n", "a name")
    same(p.good("submit", "-k", "sql", "-n", ".x", "-", stdin="select 1").out, p.path("s", "-x.sql") + "\n",
         "a name that would be hidden")
    p.write("home/code.txt", "print(3)\n")
    p.fails(120, "submit", "code.txt", says="say what it is with -k")
    same(p.good("submit", "-k", "python", "code.txt").out, p.path("s", "code.txt.py") + "\n", "with a kind")
    p.fails(120, "submit", "-k", "cobol", "-", says="is no kind")
    p.fails(120, "submit", "-", says="say what it is with -k")


def case_submit_where(tools):
    """The spool is named, or the only one that takes it, or the only one that we may write into."""
    p = Place(tools, {"s": "", "t": "", "few": 'pool = "few"; ready = "rename";'})
    yield p
    p.write("home/a.py", "1\n")
    p.write("home/a.sql", "select 1\n")
    p.fails(120, "submit", "a.py", says="choose one with --spool: s, t, few")
    same(p.good("submit", "-s", "t", "a.py").out, p.path("t", "a.py") + "\n", "the one that is named")
    p.fails(120, "submit", "-s", "u", "a.py", says="there is no spool 'u'")
    p.fails(1, "submit", "-s", "few", "a.sql", says="pool few does not serve .sql files")
    nobody = user(65534)
    for name in ("t", "few"):
        os.chmod(p.path(name), 0o755)
    os.chmod(p.path("s"), 0o777)
    same(p.good("submit", "a.py", before=nobody).out, p.path("s", "a.py") + "\n", "the one we may write")
    p.fails(123, "submit", "-s", "t", "a.py", before=nobody, says="you need the right to write")


def case_submit_without_daemon(tools):
    p = Place(tools, stand=False)
    yield p
    p.write("home/a.py", "1\n")
    done = p.good("submit", "a.py")
    same((done.out, done.is_one_line()), (p.path("s", "a.py") + "\n", True), "it goes into the spool")
    must("waits for one" in done.err, "and says so")
    same(p.good("submit", "-q", "a.py").err, "", "or not, if asked")


def case_submit_unreadable(tools):
    """Who names a configuration that they cannot read is told so: nobody guesses another one."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    os.chmod(p.path("s"), 0o777)
    os.chmod(p.conf, 0o600)
    nobody = user(65534)
    p.fails(121, "submit", "a.py", before=nobody, says="cannot be read")


def case_submit_marker(tools):
    p = Place(tools, {"s": 'pool = "all"; ready = "marker";'})
    yield p
    p.write("home/a.py", "1\n")
    p.write("s/a-1.py.ready", "")
    same([p.good("submit", "a.py").out for _ in range(2)],
         [p.path("s", "a.py") + "\n", p.path("s", "a-2.py") + "\n"],
         "the names: a marker that lies about is nobody's")
    same(p.names(), ["a-1.py.ready", "a-2.py", "a-2.py.ready", "a.py", "a.py.ready"], "the spool")


def case_submit_rejected(tools):
    """What the daemon would reject is refused before."""
    p = Place(tools, {"s": 'file_max = "100"; allow = [ "args", "timeout" ]; timeout = "1h";'})
    yield p
    def refused(text, says, *words, **more):
        p.write("home/a.py", text)
        p.fails(1, "submit", "a.py", *words, says=says, **more)
        p.fails(126, "run", "a.py", *words, says=says, **more)
    refused("", "is empty")
    refused(b"\xff\n", "is not UTF-8")
    refused(b"a\0b\n", "contains a NUL byte")
    refused("#" * 101, "spool.s.file_max")
    refused("# sparkspool: nope=1\n", "this key is not known")
    refused("# sparkspool: priority=1\n", "priority")
    refused("1\n", "does not let its files set priority; the setting spool.s.allow", "--priority", "5")
    refused("1\n", "spool.s.timeout", "--timeout", "2h")
    p.fails(120, "submit", "a.py", "--timeout", "soon", says="write a number with a unit")
    p.fails(1, "submit", "home", "-k", "py", says="Is a directory", before=("env", "-C", p.top))
    p.write("home/%s.py" % ("n" * 250), "1\n")
    p.fails(1, "submit", "n" * 250 + ".py", says="too long")
    p.write("s/in.py", "1\n")
    p.fails(120, "submit", p.path("s", "in.py"), says="lies in spool s already")
    same(p.names(), ["in.py"], "the spool")


def case_submit_full(tools):
    """No room: nothing is left there, and the code says that it is not the caller's fault."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "#" * 100000)
    done = p.cli("submit", "a.py", before=("sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh"))
    same((done.code, done.is_one_line(), p.names()), (125, True, []), "a write that fails")


def case_submit_group(tools):
    """In a directory of a group a private file is opened to that group, or it would never run."""
    p = Place(tools)
    yield p
    nobody = user(65534)
    os.chown(p.path("s"), 0, 12345)
    os.chmod(p.path("s"), 0o2777)
    os.chmod(p.write("home/a.py", "1\n"), 0o600)
    os.chown(p.path("home", "a.py"), 65534, 65534)
    p.good("submit", "a.py", before=nobody)
    st = os.stat(p.path("s", "a.py"))
    same((st.st_gid, stat.S_IMODE(st.st_mode)), (12345, 0o640), "group and mode")


# Option, what the file is and says, what it says then; "=" stands for the option in its comment.
HEADS = [
    ("a.py", "import x\n", "# =\nimport x\n"),
    ("a.py", "#!/usr/bin/python3\nimport x\n", "#!/usr/bin/python3\n# =\nimport x\n"),
    ("a.py", "#!/usr/bin/python3\n# -*- coding: latin-1 -*-\nx\n",
     "#!/usr/bin/python3\n# -*- coding: latin-1 -*-\n# =\nx\n"),
    ("a.py", "# coding: utf-8\nx\n", "# coding: utf-8\n# =\nx\n"),
    ("a.py", "# me\n\nx\n", "# me\n# =\nx\n"),
    ("a.py", "\n\nx\n", "# =\n\nx\n"),
    ("a.py", "# me\nx\n\n", "# =\n# me\nx\n\n"),
    ("a.py", "x\r\ny\r\n", "# =\r\nx\r\ny\r\n"),
    ("a.py", "\ufeffx\n", "\ufeff# =\nx\n"),
    ("a.py", "x", "# =\nx"),
    ("a.py", "#!/bin/x", "#!/bin/x\n# =\n"),
    ("a.py", "# sparkspool: name=n\nx\n", "# sparkspool: name=n =\nx\n"),
    ("a.py", "# sparkspool: timeout=1h name=n\nx\n", "# sparkspool: = name=n\nx\n"),
    ("a.py", "# sparkspool: name=n 'timeout=1h'\nx\n", "# sparkspool: name=n =\nx\n"),
    ("a.py", "# sparkspool: name=\"timeout=9m x\"  \nx\n", "# sparkspool: name=\"timeout=9m x\" =  \nx\n"),
    ("a.py", "# sparkspool: name=n\n# sparkspool: timeout=1h\nx\n",
     "# sparkspool: name=n\n# sparkspool: =\nx\n"),
    ("a.py", "'''\n# sparkspool: timeout=1h\n'''\n", "# =\n'''\n# sparkspool: timeout=1h\n'''\n"),
    ("a.R", "x\n", "# =\nx\n"),
    ("a.sql", "select 1\n", "/* = */ select 1\n"),
    ("a.sql", "\n-- me\nselect 1\n", "/* = */ \n-- me\nselect 1\n"),
    ("a.sql", "/* sparkspool: name=n */ select 1\n", "/* sparkspool: name=n = */ select 1\n"),
    ("a.sql", "-- sparkspool: name=n\nselect 1\n", "-- sparkspool: name=n =\nselect 1\n"),
    ("a.scala", "object x\n", "/* = */ object x\n"),
    ("a.scala", "/**\n * sparkspool: timeout=3s\n */\nx\n", "/**\n * sparkspool: =\n */\nx\n"),
]


def case_heads(tools):
    """Where a setting goes: the other lines keep their numbers wherever that can be had."""
    p = Place(tools)
    yield p
    for name, text, wanted in HEADS:
        p.write("home/" + name, text.encode())
        path = p.good("submit", "--json", "--timeout", "10m", name).json()[0]
        wanted = wanted.replace("=", "\0").replace("name\0", "name=").replace("timeout\0", "timeout=")
        say = "timeout=10m" if "# sparkspool:" in wanted.split("\0")[0].split("'''")[-1] or \
            "sparkspool:" in wanted.split("\0")[0].split("\n")[-1] else "sparkspool: timeout=10m"
        same(open(path["path"], newline="").read(), wanted.replace("\0", say), repr(text))
        same(path["line"] is not None, wanted.count("\n") > text.count("\n"), "the word of it")


def case_head_values(tools):
    """A value comes through whatever it is: a shell's quoting, once for the line and once for args."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "x\n")
    for value in ("a b", "2026-11-22 'all sales'", 'say \\"hi\\"', "$HOME `x` \\\\", "*/ x", "é", "a=b"):
        path = p.good("submit", "a.py", "--args", value).out.strip()
        line = open(path).readline()
        must(line.startswith("# sparkspool: args="), line)
        shell = "printf '<%s>' " + line[len("# sparkspool: "):]
        same(subprocess.check_output(["sh", "-c", shell]).decode(), "<args=%s>" % value, "the value")
    p.write("home/a.sql", "select 1\n")
    p.fails(120, "submit", "a.sql", "--args", "1", says="only a .py file has arguments")
    p.fails(120, "submit", "a.py", "--args", "a\nb", says="args")
    p.fails(120, "submit", "a.py", "--args", "'", says="args")
    p.fails(1, "submit", "a.py", "--pool", "few", says="spool s does not let its files set pool")
    same(p.good("submit", "a.py", "--name", "Nightly report").out, p.path("s", "Nightly-report.py") + "\n",
         "a name for people")
    same(open(p.path("s", "Nightly-report.py")).readline(), '# sparkspool: name="Nightly report"\n',
         "is told as it is")


def case_once(tools):
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    first = p.good("submit", "--once", "a.py").out
    same(p.good("submit", "--once", "a.py").out, first, "while it waits")
    job = p.stand.find(p.path("s", "a.py"))
    p.stand.change(job, state="running")
    same(p.good("submit", "--once", "--json", "a.py").json()[0]["there"], True, "while it runs")
    p.fails(1, "run", "--once", "a.py", says="waits or runs already")
    same(p.names(), ["a.py"], "the spool, without a lock")
    p.stand.finish(job)
    same(p.good("submit", "--once", "a.py").out, p.path("s", "a-1.py") + "\n", "when it has ended")
    os.unlink(p.path("s", "a-1.py"))
    p.stand.add(p.path("s", "a-7.py"), "s", state="running")
    same(p.good("submit", "--once", "a.py").out, p.path("s", "a-7.py") + "\n",
         "one that runs and has been removed")
    same(p.good("submit", "--once", "-n", "b", "a.py").out, p.path("s", "b.py") + "\n", "another name")


def case_once_at_once(tools):
    """Twenty at the same time: one file. And of those who are killed no lock stays."""
    for stand in (True, False):
        p = Place(tools, stand=stand)
        yield p
        p.write("home/a.py", "1\n")
        all_of_them = [p.begin("submit", "--once", "-q", "a.py") for _ in range(20)]
        same({p.end(x).out for x in all_of_them}, {p.path("s", "a.py") + "\n"}, "what they print")
        same(p.names(), ["a.py"], "the spool")
        os.unlink(p.path("s", "a.py"))
        p.stand.jobs.clear()
        p.write("s/.once-a.py.lock", "")
        p.good("submit", "--once", "-q", "a.py")
        same(p.names(), ["a.py"], "after a lock that nobody holds")
        p.close()


def case_long_names(tools):
    """The longest name that may run: it has a lock, too, and no number is put into it that makes it one
    which may not."""
    p = Place(tools)
    yield p
    long = "n" * 243 + ".py"
    p.write("home/a.py", "1\n")
    all_of_them = [p.begin("submit", "--once", "-q", "-n", long, "a.py") for _ in range(20)]
    same({p.end(x).out for x in all_of_them}, {p.path("s", long) + "\n"}, "what they print")
    same(p.names(), [long], "the spool")
    p.fails(125, "submit", "-n", long, "a.py", says="choose a shorter one with --name")
    same(p.names(), [long], "the spool, and nothing hidden")


def case_no_locks(tools):
    """A file system that has none: it is said, and nobody waits for what never comes."""
    p = Place(tools)
    yield p
    preload = os.path.join(os.path.dirname(tools.cli), "tests", "crash", "preload.so")
    env = {"LD_PRELOAD": preload, "CRASH_FLOCK": str(errno.ENOLCK)}
    if not os.path.exists(preload) or p.cli("list", **env).code != 0:
        raise Skipped("a library that goes before others")
    p.write("home/a.py", "1\n")
    done = p.good("submit", "--once", "a.py", "--patience", "1h", **env)
    must("No locks available" in done.err, "it is not said: %r" % done.err)
    same(p.names(), ["a.py"], "the spool, without a lock")
    p.write("home/b.py", "1\n")
    done = p.good("submit", "--once", "b.py", LD_PRELOAD=preload, CRASH_FLOCK=str(errno.EBADF))
    same((done.err, p.names()), ("", ["a.py", "b.py"]), "on NFS, whose locks want a file that is open for writing")
    p.write("s/.once-c.py.lock", "")
    os.chmod(p.path("s", ".once-c.py.lock"), 0o444)
    p.write("home/c.py", "1\n")
    p.good("submit", "--once", "c.py")
    same(p.names(), ["a.py", "b.py", "c.py"], "one that may only be read serves as well")


def case_submit_killed(tools):
    """Killed at any moment: the whole file under its name, or none."""
    p = Place(tools)
    yield p
    text = "#" * 3000000 + "\n"
    p.write("home/a.py", text)
    for i in range(12):
        one = p.begin("submit", "a.py")
        until(lambda: one.poll() is not None or any(n.startswith(".submit-") for n in p.names()),
              "a hidden file")
        one.send_signal(signal.SIGKILL)
        one.communicate()
    for name in p.names():
        if not name.startswith("."):
            same(p.read("s", name), text, name)


# Name, what to do about it, the rule that does not hold, what is said.
WHY = [
    ("a.txt", "name", "suffix"), ("a.PY", "name", "case counts"), (".a.py", "name", "dot"),
    ("a.py~", "name", "editors"), ("a.py.swp", "name", "editors"), ("#a.py#", "name", "editors"),
    ("a.py.part", "name", "copying"), ("a.py.out", "name", "result"), ("a.py.2.png", "name", "result"),
    ("a.py.json", "name", "result"), ("a.py.ready", "name", "marker"), ("x" * 250 + ".py", "name-length", "shorten"),
]


def unmet(done):
    return [line["rule"] for line in done.json() if line["type"] == "rule" and not line["holds"]]


def case_why(tools):
    """Without the daemon: what can be seen of the file itself."""
    p = Place(tools, {"s": "", "m": 'pool = "all"; ready = "marker";', "few": 'pool = "few"; ready = "rename";',
                      "q": 'pool = "all"; ready = "settle"; settle = "1h";'}, stand=False)
    yield p
    for name, rule, says in WHY:
        p.write("s/" + name, "1\n")
        done = p.cli("why", "--json", p.path("s", name))
        same((done.code, unmet(done)), (1, [rule]), name)
        must(says in done.json()[-1]["message"], done.out)
        os.unlink(p.path("s", name))
    def why(path, *rules):
        done = p.cli("why", "--json", path)
        same((done.code, unmet(done)), (1 if rules else 0, list(rules)), path)
        return done.json()
    p.write("s/a.py", "1\n")
    why(p.path("s", "a.py"))
    why(p.path("s", "nope.py"), "there")
    why(p.write("home/a.py", "1\n"), "spool")
    why(p.write("m/a.py", "1\n"), "ready")
    p.write("m/a.py.ready", "")
    why(p.path("m", "a.py"))
    rule = [x for x in why(p.write("few/a.sql", "select 1"), "served", "content") if x.get("setting")][0]
    same(rule["setting"], "pool.few.warm.sql", "the setting")
    rule = [x for x in why(p.write("q/a.py", "1\n"), "ready") if x.get("setting")][0]
    same(rule["setting"], "spool.q.settle", "the setting")
    os.utime(p.path("q", "a.py"), (1, 1))
    why(p.path("q", "a.py"))
    os.symlink("a.py", p.path("s", "l.py"))
    why(p.path("s", "l.py"), "type")
    os.link(p.path("s", "a.py"), p.path("s", "h.py"))
    why(p.path("s", "h.py"), "type")
    os.unlink(p.path("s", "h.py"))
    os.mkfifo(p.path("s", "f.py"))
    why(p.path("s", "f.py"), "type")
    why(p.write("s/e.py", ""), "content")
    why(p.write("s/d.py", "# sparkspool: nope=1\n"), "content")
    p.write("s/a.py.json", '{"status": "ok"}')
    must("ok" in why(p.path("s", "a.py"), "new")[-1]["message"], "its status")
    p.write("s/a.txt", "1\n")
    out = p.cli("why", p.path("s", "a.txt")).out
    must("there is no daemon now" in out and "NO  its suffix" in out and "so  its suffix" in out, out)
    rows = p.cli("why", "--porcelain", p.path("s", "a.txt")).lines()
    same(rows[2].split("\t")[:4], ["rule", "name", "no", "-"], "a row")


def case_why_rights(tools):
    """Whether the daemon can read it: as whom it runs says the owner of its state_dir."""
    p = Place(tools, stand=False)
    yield p
    user(65534)
    os.chown(p.path("state"), 65534, 65534)
    os.chmod(p.write("s/a.py", "1\n"), 0o600)
    done = p.cli("why", "--json", p.path("s", "a.py"))
    same((done.code, unmet(done)), (1, ["readable"]), "a private one")
    os.chmod(p.path("s", "a.py"), 0o644)
    p.good("why", p.path("s", "a.py"))


def case_why_asks(tools):
    """With the daemon it is the daemon that tells."""
    p = Place(tools)
    yield p
    p.stand.answers["why"] = [{"type": "rule", "rule": "limit", "holds": False, "message": "four run",
                               "setting": "spool.s.max"},
                              {"type": "verdict", "message": "it waits"}, {"type": "end"}]
    p.write("s/a.py", "1\n")
    done = p.cli("why", "a.py", before=("env", "-C", p.path("s")))
    same(done.code, 1, "the code")
    same(done.lines(), [p.path("s", "a.py"), "  NO  four run (setting: spool.s.max)", "  so  it waits"],
         "what is said")
    same(p.stand.asked[-1], {"v": 1, "do": "why", "path": p.path("s", "a.py")}, "the request")
    done = p.cli("why", "-", stdin=p.path("s", "a.py") + "\n")
    same(done.lines()[0], p.path("s", "a.py"), "from standard input")
    number = p.stand.find(p.path("s", "a.py"))["id"]
    same(p.cli("why", str(number)).lines()[0], p.path("s", "a.py"), "by its number")
    p.fails(1, "why", "9999", says="there is no job 9999")
