"""The storm's world: a Livy, a daemon, its directories; files; and what befalls them."""
import datetime
import glob
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

CONF = """
state_dir = "{top}/state";
run_dir = "{top}/run";
runner = "{runner}";
endpoint: {{ e: {{ url = "{url}"; }}; }};
pool: {{
	script: {{ warm: {{ pyspark = 0; sql = 0; }}; max = 1; slots = 4; on_stop = "delete"; }};
	raw: {{ warm: {{ pyspark = 0; }}; max = 1; on_stop = "delete"; }};
	scala: {{ warm: {{ spark = 0; }}; max = 1; on_stop = "delete"; }};
}};
spool: {{
	script: {{ path = "{top}/script"; pool = "script"; settle = "100ms"; scan = "1s"; }};
	raw: {{ path = "{top}/raw"; pool = "raw"; settle = "100ms"; scan = "1s"; python = "raw"; }};
	scala: {{ path = "{top}/scala"; pool = "scala"; settle = "100ms"; scan = "1s"; }};
}};
"""
# A session a pool: with one for all, most of the time would go into making room for one another.
SPOOLS = ("script", "raw", "scala")

SCRIPT = """import time
def put(_):
    import os
    fd = os.open("{line}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, b"{name}\\n")
    os.close(fd)
time.sleep({before})
sc.parallelize([0], 1).foreach(put)
time.sleep({after})
print("{name}")
"""
SCALA = """Thread.sleep(({before} * 1000).toLong)
sc.parallelize(Seq(0), 1)
  .foreach {{ _ =>
    import java.nio.file.{{Files, Paths, StandardOpenOption}}
    Files.write(Paths.get("{line}"), "{name}\\n".getBytes,
      StandardOpenOption.CREATE, StandardOpenOption.APPEND)
  }}
Thread.sleep(({after} * 1000).toLong)
println("{name}")
"""
SQL = """-- a directory: each insert leaves one file more in it
create temporary view v (line string) using text options (path '{line}');
insert into v select '{name}';
select count(*) from v;
"""
# What becomes of a file: it stays; its user removes it again; its spool does not let it through.
FATES = ("stays",) * 17 + ("removed",) * 2 + ("refused",)
KINDS = (("script", ".py", SCRIPT),) * 9 + (("raw", ".py", SCRIPT),) * 4 + \
    (("scala", ".scala", SCALA),) * 3 + (("script", ".sql", SQL),) * 4
REFUSED = "{comment} sparkspool: pool=elsewhere\n"


DONE = re.compile(r"^([-\dT:.]{23})Z \w+ job=(\d+) event=done\b", re.M)


class File:
    def __init__(self, rng, number, lines):
        self.spool, suffix, text = rng.choice(KINDS)
        self.fate = rng.choice(FATES)
        self.name = "f%03d-%s%s" % (number, self.spool, suffix)
        self.linger_s = rng.uniform(0, 2)
        self.line = os.path.join(lines, self.name)
        comment = {".py": "#", ".scala": "//", ".sql": "--"}[suffix]
        head = REFUSED.format(comment=comment) if self.fate == "refused" else ""
        times = [round(rng.choice((0, 0, rng.uniform(0, 1.5))), 2) for _ in range(2)]
        self.text = head + text.format(line=self.line, name=self.name, before=times[0],
                                       after=times[1])

    def count(self):
        """How often it has run, as far as its lines can tell."""
        names = glob.glob(os.path.join(self.line, "part-*")) if os.path.isdir(self.line) else \
            [self.line] * os.path.exists(self.line)
        found = []
        for name in names:
            with open(name) as f:
                found += f.read().splitlines()
        assert all(line == self.name for line in found), (self.name, found)
        return len(found)


class Files:
    def __init__(self, rng, count, lines):
        self.all = [File(rng, i, lines) for i in range(count)]


class World:
    def __init__(self, top, here, daemon, limit_s, recovery):
        self.top, self.daemon_path, self.recovery = top, daemon, recovery
        self.server_tool = os.path.join(here, "../livy/server")
        self.livy_dir, self.lines = self.path("livy"), self.path("lines")
        for name in SPOOLS + ("lines", "state"):
            os.makedirs(self.path(name))
        os.chmod(self.path("state"), 0o700)
        os.chmod(self.lines, 0o777)
        self.begun = time.monotonic()
        self.end_at = self.begun + limit_s
        self.daemon = self.restarting = None
        self.to_remove = []   # (when, file)
        self.orphans = []     # drivers whose server was killed, and forgets them
        self.orphans_at = 0
        self.dropped = []     # files
        self.harm = []        # (names of sessions, since): that lost their driver, or their server
        self.kills = dict(daemon=0, driver=0, livy=0)
        self.wrong = []       # what is a failure whatever the files say
        self.seconds = 0

    def path(self, *names):
        return os.path.join(self.top, *names)

    # ---- time ----

    def is_late(self):
        return time.monotonic() > self.end_at

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while True:
            self.tend()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))

    def until(self, holds, seconds=float("inf")):
        """Whether it came to hold in that time, and before the limit of all."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end or self.is_late():
                return False
            self.tend()
            time.sleep(0.02)
        return True

    def log_size(self):
        return os.path.getsize(self.path("log"))

    def some_moment(self, rng, most_s):
        """Any time; or close behind something that the daemon has just done."""
        self.wait(rng.uniform(0, most_s))
        if rng.random() < 0.6:
            size = self.log_size()
            end = time.monotonic() + 5
            while self.log_size() == size and time.monotonic() < end:
                time.sleep(0.0005)
            time.sleep(rng.choice((0, rng.uniform(0, 0.003), rng.uniform(0, 0.05))))

    def results(self):
        return len(glob.glob(self.path("*", "*.json")))

    def has_rest(self):
        """Whether all that is here has come to its end."""
        return all(os.path.exists(self.record_path(f)) for f in self.dropped
                   if f.fate != "removed")

    def wait_for_progress(self, count, seconds):
        goal = self.results() + count
        self.until(lambda: self.results() >= goal or self.has_rest(), seconds)

    def tend(self):
        """What is due: files that their users remove, drivers that nobody knows any more."""
        now = time.monotonic()
        if self.daemon is not None and self.daemon.poll() is not None:
            self.end_at = now # the end of the storm, too: see end_daemon
        for when, file in [r for r in self.to_remove if r[0] <= now]:
            self.to_remove.remove((when, file))
            os.unlink(self.path(file.spool, file.name))
        if self.restarting is not None and self.restarting.poll() is not None:
            if self.restarting.returncode != 0:
                raise subprocess.CalledProcessError(self.restarting.returncode, "server restart")
            self.restarting = None
            self.orphans_at = now + 5
        if self.orphans and self.restarting is None and now >= self.orphans_at:
            for pid in self.orphans:
                self.kill_pid(pid)
            self.orphans = []

    # ---- files ----

    def drop(self, files):
        """As people do it who want a file to appear whole."""
        for file in files:
            self.dropped.append(file)
            if file.name.endswith(".sql"):
                os.mkdir(file.line)
            hidden = self.path(file.spool, "." + file.name)
            with open(hidden, "w") as f:
                f.write(file.text)
            os.rename(hidden, self.path(file.spool, file.name))
            if file.fate == "removed":
                self.to_remove.append((time.monotonic() + file.linger_s, file))

    def record_path(self, file):
        return self.path(file.spool, file.name + ".json")

    def record(self, file):
        try:
            with open(self.record_path(file)) as f:
                return json.load(f)
        except FileNotFoundError:
            return None

    def ledger(self):
        """Every job there ever was: name -> [(state, status, session, id)]"""
        db = sqlite3.connect("file:%s?mode=ro" % self.path("state", "ledger.db"), uri=True)
        rows = {}
        for name, *row in db.execute(
                "SELECT name, state, status, session_name, id FROM job ORDER BY id"):
            rows.setdefault(name.decode(), []).append(tuple(row))
        db.close()
        return rows

    def done_times(self):
        """id of a job -> when it was done"""
        with open(self.path("log"), errors="replace") as log:
            return {int(job): datetime.datetime.fromisoformat(moment + "+00:00").timestamp()
                    for moment, job in DONE.findall(log.read())}

    # ---- the daemon ----

    def start_daemon(self):
        with open(self.path("log"), "ab") as log:
            self.daemon = subprocess.Popen([self.daemon_path, "-d", "-f", self.path("conf")],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end_daemon(self, number):
        """Its exit code; one that has ended before it was told to is a failure."""
        daemon, self.daemon = self.daemon, None
        if daemon is None:
            return None
        if daemon.poll() is not None:
            self.wrong.append("the daemon ended by itself, with code %d" % daemon.returncode)
            return daemon.returncode
        daemon.send_signal(number)
        try:
            return daemon.wait(max(60, self.end_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.wrong.append("the daemon did not stop in time")
            daemon.kill()
            return daemon.wait()

    def kill_daemon(self):
        self.end_daemon(signal.SIGKILL)
        self.kills["daemon"] += 1

    # ---- Livy and its drivers ----

    def server(self, *words):
        return subprocess.run([self.server_tool, *words], check=True, stdout=subprocess.PIPE,
                              universal_newlines=True).stdout

    def start_livy(self):
        self.url = self.server("start", self.livy_dir, *["--recovery"] * self.recovery).strip()
        with open(os.path.join(self.livy_dir, "run-id")) as f:
            self.mark = ("SPARKSPOOL_LIVY_RUN=" + f.read().strip()).encode()
        with open(self.path("conf"), "w") as f:
            f.write(CONF.format(top=self.top, url=self.url, runner=os.path.join(
                os.path.dirname(self.daemon_path), "runner.py")))

    def is_ours(self, pid):
        """Pids are used again: what is killed has this run's own mark in its environment."""
        try:
            with open("/proc/%d/environ" % pid, "rb") as f:
                return self.mark in f.read().split(b"\0")
        except OSError:
            return False

    def kill_pid(self, pid):
        if self.is_ours(pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def drivers(self):
        """pid -> the name of its session"""
        found = {}
        for pid in [int(p) for p in os.listdir("/proc") if p.isdigit()]:
            if not self.is_ours(pid):
                continue
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    words = f.read().decode().split("\0")
                if any(w.endswith(".RSCDriverBootstrapper") for w in words):
                    found[pid] = self.session_of(words[words.index("--properties-file") + 1])
            except OSError:
                pass # it has just ended
        return found

    @staticmethod
    def session_of(properties):
        with open(properties) as f:
            for line in f:
                key, _, value = line.strip().partition("=")
                if key == "spark.app.name":
                    return value
        return ""

    def victims(self):
        found = self.drivers()
        if not self.recovery:
            return found
        # A Livy that thinks this is YARN asks YARN, where there is none, for the application of a
        # driver that died before it had come up: the DELETE of such a session takes an hour, and
        # two of them block all others.
        up = {s["name"] for s in self.sessions() or [] if s["state"] in ("idle", "busy")}
        return {pid: name for pid, name in found.items() if name in up}

    def kill_driver(self, rng):
        found = {}
        self.until(lambda: found.update(self.victims()) or found or self.has_rest())
        if not found:
            return
        pid = rng.choice(sorted(found))
        self.harm.append(({found[pid]}, time.time()))
        self.kill_pid(pid)
        self.kills["driver"] += 1

    def kill_livy(self, rng):
        """It comes back while the storm goes on."""
        if not self.until(lambda: self.restarting is None):
            return
        names = set(self.drivers().values())
        self.harm.append((names, time.time()))
        self.server("kill", self.livy_dir)
        left = self.drivers()
        names.update(left.values())
        self.kills["livy"] += 1
        if not self.recovery:
            self.orphans += left
            self.orphans_at = float("inf") # they go on for a while behind its back
        self.wait(rng.choice((0, rng.uniform(0, 4))))
        with open(self.path("restarts"), "ab") as log:
            self.restarting = subprocess.Popen([self.server_tool, "restart", self.livy_dir],
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def sessions(self):
        """Those on the server; None where it does not say."""
        try:
            with urllib.request.urlopen(self.url + "/sessions?size=1000", timeout=60) as answer:
                return json.load(answer)["sessions"]
        except (urllib.error.URLError, OSError, ValueError):
            return None

    # ---- the end ----

    def is_done(self, files):
        if self.to_remove or self.restarting is not None or self.orphans:
            return False
        if not all(self.record(f) for f in files.all if f.fate != "removed"):
            return False
        try:
            return all(r[0] == 8 for rows in self.ledger().values() for r in rows)
        except sqlite3.OperationalError:
            return False

    def leftovers(self):
        """Drivers of sessions that the daemon alone has let live: a server that came back may have
        lost its channel to one that it knew, and deletes the session without it."""
        harmed = set().union(*(names for names, _ in self.harm))
        return sorted(n for n in self.drivers().values() if n not in harmed)

    def come_to_rest(self, files):
        """No more kills: all is brought to its end, and the daemon stops in order."""
        if not self.until(lambda: self.is_done(files)):
            self.wrong.append("it has not come to rest in time")
        code = self.end_daemon(signal.SIGTERM)
        if code != 0:
            self.wrong.append("the daemon stopped with code %s" % code)
        end = max(self.end_at, time.monotonic() + 60)
        while (self.sessions() != [] or self.leftovers()) and time.monotonic() < end:
            time.sleep(0.2)
        sessions = self.sessions()
        self.left = (sessions and [s["name"] for s in sessions], self.leftovers())
        self.seconds = round(time.monotonic() - self.begun)

    def end(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        if self.restarting is not None:
            self.restarting.terminate() # what it has begun is found by its mark
            self.restarting.wait()
        if os.path.isdir(self.livy_dir):
            self.server("stop", self.livy_dir)
