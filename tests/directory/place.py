"""A daemon over one spool of any kind, and the namespaces that its directories may need."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

from livy import Livy  # noqa: E402
from world import PATIENCE_S, Failed, Plan, World  # noqa: E402

CONF = """
state_dir = "{top}/{state}";
run_dir = "{top}/run";
runner = "{top}/runner.py";
endpoint: {{ fake: {{ url = "http://127.0.0.1:{port}"; request_timeout = "1h";
                      connect_timeout = "10m"; }}; }};
pool: {{ all: {{ warm: {{ pyspark = 0; sql = 0; }}; max = {sessions}; slots = {slots}; spare = 0;
                 on_stop = "delete"; }}; }};
spool: {{ s: {{ path = "{top}/s"; pool = "all"; {spool} }}; }};
"""
# The time of each line is the daemon's own business; all else of a line is text.
LINE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z (error|warn|info|debug) [^\x00-\x1f\x7f]+$|# life \d+$")


class Skipped(Exception):
    """It cannot be had here, and why."""


class Place(World):
    """One spool, s. Scans come once a day unless it is said otherwise, so that nothing but what is
    being tested brings a file."""
    def __init__(self, tools, spool="", ready="rename", scan="1d", slots=2, sessions=2):
        self.setting = dict(slots=slots, sessions=sessions, state="state",
                            spool='ready = "%s"; scan = "%s"; %s' % (ready, scan, spool))
        self.undo, self.extra, self.others = [], {}, []
        World.__init__(self, tools, Plan())
        os.mkdir(self.path("s"))

    def configure(self, name="conf", **changes):
        with open(self.path(name), "w") as f:
            f.write(CONF.format(top=self.top, port=self.port, **dict(self.setting, **changes)))
        return self.path(name)

    def later(self):
        return self.extra

    def close(self, keep=False):
        for other in self.others:
            other.kill()
            other.wait()
        self.end(9)
        for command in reversed(self.undo):
            subprocess.call(command, stderr=subprocess.DEVNULL)
        World.close(self, keep)

    # ---- the directory ----

    def mount(self, *command):
        """The last word is where; it is taken away again at the end."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Skipped("%s: %s" % (command[0], done.stdout.decode(errors="replace").strip()))
        self.undo.append(["umount", "-l", command[-1]])

    def bind(self, what, where):
        self.mount("mount", "--bind", self.path(what), self.path(where))

    def drop(self, name, text, spool="s"):
        return self.put(spool, name, text)

    def drop_raw(self, name, text):
        """Its name leaves no room for another beside it."""
        with open(self.path("s", ".raw"), "w") as f:
            f.write(text)
        os.rename(self.path("s", ".raw"), self.path("s", name))

    def has(self, name):
        return self.is_there("s", name)

    def read(self, name):
        with open(self.path("s", name), "rb") as f:
            return f.read()

    # ---- the daemon ----

    def begin(self):
        self.start()
        self.until(lambda: "event=started" in self.words(self.lives), "the start")

    def stop(self):
        self.daemon.terminate()
        if self.daemon.wait() != 0:
            raise Failed("the stop ended with code %d" % self.daemon.returncode)

    def another(self, conf):
        """A second daemon: (its code, what it says)."""
        other = subprocess.Popen([self.tools.daemon, "-f", conf], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.others.append(other)
        said = other.communicate(timeout=PATIENCE_S)[0].decode(errors="replace")
        return other.returncode, said

    def logged(self, words):
        return self.words(self.lives).count(words)

    def until_logged(self, words, times=1):
        self.until(lambda: self.logged(words) >= times, "the log to say %s" % words)

    def until_status(self, name, status="ok", sha=None):
        """The record of it, of these bytes."""
        def holds():
            record = self.record("s", name)
            return record is not None and record["status"] == status and \
                sha in (None, record["input"]["sha256"])
        self.until(holds, "%s to be %s" % (name, status))
        return self.record("s", name)

    def until_idle(self):
        """Nothing is due any more: another file comes and goes, by the same scan if need be."""
        self.until(self.is_idle, "all to be done")

    def is_idle(self):
        return self.rows("select count(*) from job where live = 1 and state <> 8") == [(0,)]

    def rows(self, query):
        import scenario
        return scenario.ledger_rows(self, query)

    # ---- what must hold ----

    def once(self, *words):
        for word in words:
            must(self.livy.times(word) == 1, "%s was sent %d times" % (word, self.livy.times(word)))

    def never(self, *words):
        for word in words:
            must(self.livy.times(word) == 0, "%s was sent" % word)

    def check_log(self):
        """Whatever a file is called, a line of the log is a line, and of text."""
        with open(self.log, "rb") as f:
            lines = f.read().decode(errors="surrogateescape").split("\n")
        for line in lines[:-1]:
            must(LINE.match(line), "the log has the line %r" % line)


def must(holds, what):
    if not holds:
        raise Failed(what)


def code(word, gate=None):
    return "print('%s')%s\n" % (word, "  # gate " + gate if gate else "")


def has_mounts():
    return os.environ.get("DIRECTORY_MOUNTS") == "yes"


def enter_namespace():
    """Mounts are made in a namespace of our own; returns where there is none."""
    if "DIRECTORY_MOUNTS" in os.environ or shutil.which("unshare") is None:
        return
    for how in (["-m"], ["-U", "-r", "-m"]):
        command = ["unshare"] + how
        if subprocess.call(command + ["mount", "-t", "tmpfs", "none", "/mnt"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            os.environ["DIRECTORY_MOUNTS"] = "yes"
            os.execvp("unshare", command + [sys.executable] + sys.argv)
