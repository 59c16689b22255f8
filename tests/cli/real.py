"""The real daemon, with the quick server of the crash suite: what is promised holds end to end."""
import os
import shutil
import signal
import subprocess
import sys

from place import Place, Skipped, must, same, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

from livy import Livy  # noqa: E402


class Real(Place):
    def __init__(self, tools, spools=None):
        with open(tools.daemon, "rb") as f:
            if b"unknown-command" not in f.read():
                raise Skipped("this daemon has no control socket")
        Place.__init__(self, tools, spools, stand=False)
        self.livy = Livy(20)
        self.livy.port = self.livy.listen()
        text = self.read("conf").replace("http://127.0.0.1:1", "http://127.0.0.1:%d" % self.livy.port)
        self.write("conf", text)
        self.log, self.daemon = open(self.path("log"), "wb"), None

    def start(self):
        self.daemon = subprocess.Popen([self.tools.daemon, "-f", self.conf], stdin=subprocess.DEVNULL,
                                       stdout=self.log, stderr=self.log)
        self.running.append(self.daemon)
        until(lambda: self.cli("list").code == 0, "the daemon")

    def stop(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        self.daemon.wait()

    def close(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
        Place.close(self)
        self.livy.close()
        self.log.close()


def code(word, gate=None):
    return "print('%s')%s\n" % (word, "  # gate " + gate if gate else "")


def case_real_run(tools):
    p = Real(tools)
    yield p
    p.start()
    p.write("home/a.py", code("told"))
    done = p.good("run", "a.py")
    same((done.out, done.err), ("told\n", ""), "what a file prints")
    done = p.good("run", "a.py", "--json").json()[-1]
    same((done["status"], done["exit"], done["why"]), ("ok", 0, "file"), "the JSON")
    same(p.good("history", "--porcelain").lines()[-1].split("\t")[1:3], ["done", "ok"], "the history")
    must("a.py" in p.good("show", p.path("s", "a.py")).out, "show by its path")


def case_real_init(tools):
    """The file that init writes is all that it takes, and the command that it names is a first result."""
    p = Real(tools)
    yield p
    url = "http://127.0.0.1:%d" % p.livy.port
    done = p.good("init", "--url", url, "-o", p.path("first"), "--spool", p.path("s"), "--state-dir", p.path("state"),
                  "--run-dir", p.path("run"))
    must(url + " is Livy 0.10.0, with 0 sessions" in done.out, "what was found: " + done.out)
    p.conf = p.path("first")
    p.start()
    command = done.lines()[-1].strip()
    must(command.startswith("echo 'print(") and " | sparkspool -f %s run " % p.conf in command, "the last: " + command)
    same(p.good(*command.split()[command.split().index("run"):], stdin=code("told")).out, "told\n", "a first result")
    same([s.name.startswith("sparkspool-init-") for s in p.livy.sessions], [False], "the sessions")


def case_real_spools(tools):
    """Spools of each sort: whatever becomes of the file, its job is found and its output shown."""
    p = Real(tools, {"del": 'pool = "all"; ready = "rename"; after = "delete";',
                     "away": 'pool = "all"; ready = "rename"; after = "move:done";',
                     "mark": 'pool = "all"; ready = "marker";',
                     "calm": 'pool = "all"; ready = "settle"; settle = "100ms";'})
    yield p
    p.start()
    p.write("home/a.py", code("told"))
    for spool in ("del", "away", "mark", "calm"):
        for _ in range(2):
            same(p.good("run", "-s", spool, "-n", "a", "a.py").out, "told\n", "its output in " + spool)
    same([n for n in p.names("del") if n.endswith(".py")], [], "what is left to be deleted")
    same([n for n in p.names("away") if n.endswith(".py")], [], "what is left to be moved")
    same([n for n in p.names("mark") if n.endswith((".py", ".ready"))], ["a-1.py", "a.py"], "no marker")


def case_real_cancel(tools):
    p = Real(tools)
    yield p
    p.start()
    p.write("home/a.py", code("never", "shut"))
    one = p.begin("run", "--cancel-on-interrupt", "a.py")
    until(lambda: p.livy.times("never"), "the start")
    until(lambda: "running" in p.good("list").out, "the list to know")
    one.send_signal(signal.SIGINT)
    same(p.end(one).code, 127, "the code")
    same(p.good("list").out, "nothing is queued or running\n", "what is left")


def case_real_hold(tools):
    p = Real(tools)
    yield p
    p.start()
    p.good("pause", "s")
    p.write("home/a.py", code("held"))
    path = p.good("submit", "a.py").out.strip()
    until(lambda: path in p.good("list", "--porcelain").out, "it to be queued")
    p.good("hold", path)
    p.good("resume", "s")
    same(p.cli("why", path).code, 1, "why says no")
    p.good("release", path)
    same(p.good("watch", path).out, "held\n", "then it runs")


def case_real_everything(tools):
    """ALL are those that it can be done to; and what is resumed but paused by another is said."""
    p = Real(tools)
    yield p
    p.start()
    p.write("home/a.py", code("runs", "shut"))
    runs = p.good("submit", "a.py").out.strip()
    until(lambda: "running" in p.good("show", runs).out, "the start")
    p.good("pause", "s")
    waits = p.good("submit", "a.py").out.strip()
    until(lambda: waits in p.good("list", "--porcelain").out, "it to be queued")
    for word, what in (("hold", "held"), ("release", "released")):
        done = p.good(word, "ALL")
        same((done.out.split(" ")[0], len(done.lines()), done.err), (what, 1, ""), word)
    same(p.good("release", "ALL").out, "nothing was released: there is none\n", "nothing is held")
    p.fails(1, "hold", runs, says="its turn has come already; 'sparkspool show' tells")
    p.good("pause", "--pool", "all")
    for words in (["s"], ["ALL"]):
        must("still paused: s; " in p.good("resume", *words).err, "what keeps it")
    same(p.good("resume", "--pool", "all").err, "", "nothing keeps it")
    p.good("cancel", "ALL")


def case_real_restart(tools):
    """The daemon is killed while a file runs, and started again."""
    p = Real(tools)
    yield p
    p.start()
    p.write("home/a.py", code("word", "door"))
    one = p.begin("run", "a.py")
    until(lambda: p.livy.times("word"), "the start")
    until(lambda: "running" in p.good("list").out, "the list to know")
    p.stop(signal.SIGKILL)
    must(b"waiting for it to come back" in one.stderr.readline(), "a word")
    p.start()
    p.livy.open("door")
    done = p.end(one)
    same((done.code, done.out, p.livy.times("word")), (0, "word\n", 1), "its end, and once")


def case_real_all(tools):
    """What the real daemon makes of each request: nothing is refused that is well formed."""
    p = Real(tools)
    yield p
    p.start()
    for words in (["list", "-s", "s", "--owner", "0", "--state", "queued"], ["history", "--status", "ok", "--limit", "3",
                  "--since", "1d", "--until", "2036-01-01", "-n", "*.py", "-s", "s"], ["sessions"], ["spools"],
                  ["hold", "ALL"], ["release", "ALL"], ["cancel", "ALL"], ["show", "ALL"], ["pause", "--pool", "all"],
                  ["resume", "--pool", "all"], ["pause", "ALL"], ["resume", "ALL"], ["reload"], ["drain"]):
        p.good(*words)
    p.fails(1, "show", "99", says="job 99")
    p.fails(1, "cancel", p.path("s", "nope.py"), says="nope.py")
    p.fails(1, "pause", "nope", says="; 'sparkspool spools' lists them")
    p.fails(1, "pause", "--pool", "nope", says="; 'sparkspool spools' lists them")
    p.fails(1, "list", "-s", "nope", says="; 'sparkspool spools' lists them")
    p.fails(1, "show", p.path("home", "a.py"), says="its path in a spool: 'sparkspool list'")
    for word in ("settling", "queued", "held", "reading", "sending", "running", "answered", "staged", "disposing"):
        p.good("list", "--state", word)
    for word in ("ok", "error", "timeout", "cancelled", "died", "unknown", "rejected"):
        p.good("history", "--status", word)
    for word in ("o", "done", "ok, error", "held,"):
        p.fails(120, "list", "--state", word, says="there is no state '%s'; there are settling, queued" % word)
        p.fails(120, "history", "--status", word, says="there is no status '%s'; there are ok, error" % word)
    p.write("conf", p.read("conf") + "nope = 1;\n")
    done = p.cli("reload")
    same(done.code, 121, "a reload with an error")
    must("nope" in done.err, done.err)
    done = p.cli("why", "--json", p.write("s/a.txt", "x"))
    must(done.code == 1 and any(x.get("rule") == "name" and not x["holds"] for x in done.json()), done.out)


def case_real_on_end(tools):
    p = Real(tools)
    yield p
    p.start()
    words = ["on-end", "--cursor", p.path("cursor"), "--", "sh", "-c",
             'echo "$SPARKSPOOL_NAME $SPARKSPOOL_STATUS" >>"$LOG"']
    one = p.begin(*words, LOG=p.path("ends"))
    until(lambda: os.path.exists(p.path("cursor")), "a cursor, before anything has ended")
    same(p.read("cursor"), "0\n", "the first")
    one.kill()
    one.communicate()
    p.write("home/a.py", code("told"))
    p.good("run", "a.py")
    one = p.begin(*words, LOG=p.path("ends"))
    # The shell makes the file before it writes into it.
    until(lambda: os.path.exists(p.path("ends")) and p.read("ends"), "the command")
    same(p.read("ends"), "a.py ok\n", "what it was told")
    until(lambda: p.read("cursor") == "1\n", "the next cursor")
    one.send_signal(signal.SIGTERM)
    same(p.end(one).code, 0, "the end")
