"""A daemon in a world of its own: its directories, its configuration, a Livy, and its lives."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import powercut
from livy import Livy

SPEED = int(os.environ.get("SPARKSPOOL_CRASH_SPEED", "20"))
PATIENCE_S = float(os.environ.get("SPARKSPOOL_CRASH_PATIENCE", "60"))
BASE_S = int(time.time())

CONF = """
state_dir = "{top}/state";
run_dir = "{top}/run";
runner = "{top}/runner.py";
endpoint: {{ fake: {{ url = "http://127.0.0.1:{port}"; request_timeout = "1h";
                      connect_timeout = "10m"; }}; }};
pool: {{ all: {{ warm: {{ pyspark = 0; sql = 0; }}; max = 4; slots = 2; spare = 0;
                 recycle_statements = {recycle}; on_stop = "delete"; }}; }};
spool: {{
	keep: {{ path = "{top}/keep"; pool = "all"; ready = "rename"; }};
	raw: {{ path = "{top}/raw"; pool = "all"; ready = "marker"; python = "raw"; html = true; }};
	away: {{ path = "{top}/away"; pool = "all"; ready = "rename"; after = "move:done"; }};
	old: {{ path = "{top}/old"; pool = "all"; ready = "rename"; after = "move:done"; keep_for = "10s"; }};
	gone: {{ path = "{top}/gone"; pool = "all"; settle = "20ms"; after = "delete"; }};
	{more}
}};
"""
MORE = 'more: {{ path = "{top}/more"; pool = "all"; ready = "rename"; after = "delete"; }};'
SPOOLS = ("keep", "raw", "away", "old", "gone", "more")


def sanitizer(daemon):
    """What comes before any other library: AddressSanitizer's, where the daemon has it. What that calls
    still goes through ours."""
    try:
        ldd = subprocess.run(["ldd", daemon], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    found = re.search(rb"=> (\S*/libasan\.so\S*)", ldd.stdout)
    return found.group(1).decode() + ":" if found else ""


class Tools:
    """What was built: the daemon and the library that goes before it."""
    def __init__(self):
        here = os.path.dirname(os.path.abspath(__file__))
        build = os.environ.get("builddir", os.path.join(here, "..", "..", "build"))
        self.daemon = os.path.abspath(os.path.join(build, "sparkspoold"))
        self.preload = os.path.abspath(os.path.join(build, "tests", "crash", "preload.so"))
        self.first = sanitizer(self.daemon)

    def why_not(self):
        for tool in (self.daemon, self.preload):
            if not os.path.exists(tool):
                return "%s is not built" % tool
        env = dict(os.environ, LD_PRELOAD=self.first + self.preload)
        done = subprocess.run([self.daemon, "--version"], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            return "sparkspoold does not start with a preloaded library: %s" % (
                done.stdout.decode(errors="replace").splitlines()[:1])
        return None


class Failed(Exception):
    """What was to be shown does not hold."""


class Plan:
    """What befalls the first life of a daemon, and at which call its second ends."""
    def __init__(self, at=0, action="before", calls="kill", count=1, cut=None,
                 ledger=None, seed=0, again=0, like=None):
        self.at, self.action, self.calls, self.count = at, action, calls, count
        self.cut, self.data = cut, cut is not None
        self.ledger, self.seed, self.again, self.like = ledger, seed, again, like

    def is_error(self):
        return self.at > 0 and self.action not in ("before", "half")

    def environment(self, world):
        env = {"CRASH_SET": self.calls, "CRASH_TRACE": world.trace}
        if self.at:
            env.update(CRASH_AT=str(self.at), CRASH_DO=str(self.action),
                       CRASH_FOR=str(self.count))
        env.update(self.keeping(world))
        return env

    def keeping(self, world):
        """What a power cut will have to know."""
        return {"CRASH_DATA": "1", "CRASH_GRAVES": world.graves} if self.data else {}


class World:
    def __init__(self, tools, plan):
        self.tools, self.plan, self.lives = tools, plan, 0
        self.top = tempfile.mkdtemp(prefix="sparkspool-crash.")
        self.trace, self.log = self.top + "/trace", self.top + "/log"
        self.graves = self.top + "/graves"
        self.conf = self.top + "/conf"
        self.daemon = None
        self.word_of = {}
        self.livy = Livy(SPEED)
        self.port = self.livy.listen()
        for name in SPOOLS + ("run", "graves"):
            os.mkdir(self.path(name))
        with open(self.path("runner.py"), "w") as f:
            f.write("# no runner at all: the server knows its calls\n")
        self.configure()

    def close(self, keep=False):
        self.end(signal.SIGKILL)
        self.livy.close()
        if not keep:
            shutil.rmtree(self.top, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def configure(self, recycle=3, more=False):
        text = CONF.format(top=self.top, port=self.port, recycle=recycle,
                           more=MORE.format(top=self.top) if more else "")
        with open(self.conf + ".new", "w") as f:
            f.write(text)
        os.rename(self.conf + ".new", self.conf)

    # ---- the daemon ----

    def start(self):
        env = dict(os.environ, LD_PRELOAD=self.tools.first + self.tools.preload, CRASH_SPEED=str(SPEED),
                   CRASH_BASE=str(BASE_S), CRASH_HARNESS=str(os.getpid()))
        self.lives += 1
        env.update(self.plan.environment(self) if self.lives == 1 else self.later())
        with open(self.log, "ab") as log:
            log.write(b"# life %d\n" % self.lives)
            log.flush()
            self.daemon = subprocess.Popen([self.tools.daemon, "-d", "-f", self.conf], env=env,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def later(self):
        """What befalls the lives after the first: nothing, or the second ends like it."""
        if self.lives > 2 or not self.plan.again:
            return {"CRASH_SET": "kill"}
        return dict({"CRASH_SET": "kill", "CRASH_AT": str(self.plan.again), "CRASH_DO": "before",
                     "CRASH_TRACE": self.trace + "2"}, **self.plan.keeping(self))

    def traces(self):
        """Of the lives that have ended, or are about to, by the plan."""
        return [self.trace, self.trace + "2"] if self.plan.again else [self.trace]

    def is_struck_again(self):
        last = self.calls(self.trace + "2")
        return self.plan.again > 0 and self.lives == 2 and last >= self.plan.again

    def end(self, number):
        if self.daemon is not None:
            self.daemon.send_signal(number)
            self.daemon.wait()

    def is_struck(self):
        """Whether the plan has been carried out, in full."""
        return self.plan.at > 0 and self.calls() >= self.plan.at

    def calls(self, trace=None):
        """How many numbered calls a life has made: the first one."""
        last = 0
        for entry in powercut.entries(trace or self.trace, self.plan.data):
            last = max(last, entry.number)
        return last

    def numbers(self, pattern):
        """Of the calls of the first life that look like this."""
        return sorted({e.number for e in powercut.entries(self.trace, self.plan.data)
                       if e.number > 0 and re.search(pattern, str(e))})

    def last_call(self, number):
        for entry in powercut.entries(self.trace, self.plan.data):
            if entry.number == number:
                return str(entry)
        return "never reached"

    def tend(self):
        """A daemon that was struck is started again; one that ends of itself is a failure."""
        code = self.daemon.poll()
        if code is not None:
            self.again(code)

    def again(self, code):
        """After an error it may have given up, as a daemon does that cannot start."""
        expected = (1, 75, 78) if self.plan.is_error() else (-signal.SIGKILL,)
        struck = self.is_struck() if self.lives == 1 else self.is_struck_again()
        if not struck or code not in expected:
            raise Failed("the daemon ended by itself, with code %d" % code)
        if self.plan.cut and self.lives == len(self.traces()):
            powercut.cut(self, self.plan.cut)
        self.start()

    def words(self, life):
        """What the daemon has said in a life, counted from 1."""
        with open(self.log, errors="replace") as f:
            text = f.read()
        return text.split("# life %d\n" % life)[-1]

    def is_started(self):
        return "event=started" in self.words(self.lives)

    def refusals(self):
        """How often it could not read its configuration again, by an error."""
        said = self.words(self.lives).count("event=not-reloaded")
        return said if self.plan.is_error() else 0

    def until(self, holds, what):
        self.wait_for(lambda: holds() or self.tend(), what)

    def wait_for(self, holds, what):
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise Failed("waited in vain for %s" % what)
            time.sleep(0.003)

    # ---- what users do ----

    def put(self, spool, name, text):
        """A complete file, under its name by a rename."""
        data = text if isinstance(text, bytes) else text.encode()
        hidden, path = self.path(spool, ".%s.tmp" % name), self.path(spool, name)
        with open(hidden, "wb") as f:
            f.write(data)
        number, other = powercut.inode(hidden), self.bury(path)
        self.word_of[number] = (re.findall(rb"w-\w+", data) + [b"none"])[0].decode()
        self.note("user-write", number, 0, path)
        self.note("rename", number, other, hidden + "\t" + path)
        os.rename(hidden, path)
        if spool == "raw":
            with open(self.path(spool, name + ".ready"), "w"):
                pass
        return hashlib.sha256(data).hexdigest()

    def remove(self, spool, name):
        path = self.path(spool, name)
        self.note("unlink", self.bury(path), 0, path)
        os.unlink(path)

    def bury(self, path):
        """As the library does it: a power cut may bring it back. Its inode."""
        number = powercut.inode(path)
        grave = os.path.join(self.graves, str(number))
        if self.plan.data and number and not os.path.lexists(grave):
            os.link(path, grave)
        return number

    def note(self, call, inode, other, paths):
        """A user syncs nothing."""
        if self.plan.data and 0 < self.lives <= len(self.traces()):
            with open(self.traces()[self.lives - 1], "ab", buffering=0) as f:
                f.write(("0 %s %d %d 0 0 %s\n" % (call, inode, other, paths)).encode())

    def has_run(self, inode):
        return self.livy.times(self.word_of.get(inode, "none")) > 0

    def record(self, spool, name):
        try:
            with open(self.path(spool, name + ".json")) as f:
                return json.load(f)
        except FileNotFoundError:
            return None

    def is_recorded(self, spool, name, sha):
        record = self.record(spool, name)
        return record is not None and record["input"]["sha256"] == sha

    def is_there(self, *names):
        return os.path.lexists(self.path(*names))
