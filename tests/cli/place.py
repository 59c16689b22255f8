"""A configuration, spools and a stand-in daemon in a directory of its own, and the command line in it."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from stand import Stand

PATIENCE_S = float(os.environ.get("SPARKSPOOL_CLI_PATIENCE", "60"))
CONF = """
state_dir = "{top}/state";
run_dir = "{top}/run";
runner = "{top}/runner.py";
endpoint: {{ fake: {{ url = "http://127.0.0.1:1"; }}; }};
pool: {{ all: {{ warm: {{ pyspark = 0; sql = 0; spark = 0; sparkr = 0; }}; }};
         few: {{ warm: {{ pyspark = 0; }}; }}; }};
spool: {{ {spools} }};
"""


class Failed(Exception):
    """What was to be shown does not hold."""


class Skipped(Exception):
    """It cannot be had here, and why."""


def must(holds, what):
    if not holds:
        raise Failed(what)


def same(got, wanted, what):
    must(got == wanted, "%s is %r, not %r" % (what, got, wanted))


def until(holds, what):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        must(time.monotonic() < end, "waited in vain for %s" % what)
        time.sleep(0.01)


class Done:
    """What a command came to."""
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        return self.out.splitlines()

    def json(self):
        return [json.loads(line) for line in self.lines()]

    def is_one_line(self):
        return self.err.count("\n") == 1 and self.err.startswith("sparkspool: ")


class Place:
    def __init__(self, tools, spools=None, stand=True):
        """spools: {name: more settings}"""
        self.tools, self.top = tools, tempfile.mkdtemp(prefix="sparkspool-cli.")
        os.chmod(self.top, 0o755)
        self.conf, self.running = self.path("conf"), []
        spools = {"s": ""} if spools is None else spools
        for name in list(spools) + ["home", "state", "run"]:
            os.mkdir(self.path(name))
        os.chmod(self.path("state"), 0o700)
        self.write("runner.py", "# no runner at all\n")
        text = "".join('%s: { path = "%s"; %s }; ' % (
            n, self.path(n), more if "pool =" in more else 'pool = "all"; ready = "rename"; ' + more)
            for n, more in spools.items())
        self.write("conf", CONF.format(top=self.top, spools=text))
        self.stand = Stand(self.top, {n: self.path(n) for n in spools})
        if stand:
            self.stand.start()

    def close(self):
        for p in self.running:
            if p.poll() is None:
                p.kill()
            p.wait()
        self.stand.stop()
        shutil.rmtree(self.top, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, text):
        with open(self.path(name), "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        return self.path(name)

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read().decode()

    def names(self, spool="s"):
        return sorted(os.listdir(self.path(spool)))

    # ---- the command ----

    def command(self, args, before=()):
        return list(before) + [self.tools.cli, "-f", self.conf] + list(args)

    def environment(self, more):
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        return dict(env, TZ="UTC", LC_ALL="C.UTF-8", **more)

    def begin(self, *args, before=(), **env):
        p = subprocess.Popen(self.command(args, before), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, bufsize=0, cwd=self.path("home"),
                             env=self.environment(env))
        self.running.append(p)
        return p

    def end(self, p, stdin=b""):
        out, err = p.communicate(stdin, timeout=PATIENCE_S)
        return Done(p.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def cli(self, *args, stdin="", before=(), **env):
        return self.end(self.begin(*args, before=before, **env), stdin.encode())

    def fails(self, code, *args, says="", **more):
        """One line on standard error, with the code."""
        done = self.cli(*args, **more)
        what = "%r (%d): %r" % (args, done.code, done.err)
        must(done.code == code, "%s: the code is not %d" % (what, code))
        must(done.is_one_line(), "%s: not one line" % what)
        must(says in done.err, "%s: does not say %r" % (what, says))
        return done

    def good(self, *args, **more):
        done = self.cli(*args, **more)
        must(done.code == 0, "%r ended with %d: %r" % (args, done.code, done.err))
        must("Sanitizer" not in done.err, done.err)
        return done


def user(number):
    """The words that run a command as that user; only root can."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        raise Skipped("it takes root and setpriv")
    return ("setpriv", "--reuid", str(number), "--regid", str(number), "--clear-groups")
