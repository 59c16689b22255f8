"""What an example gives alone, under spark-submit: run twice where it need be, and remembered.

The first time as people call it; the second time with the JVM flags of the test setup's sessions,
which let it start in half the time. Both count as the same command.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

LIMIT_S = 1800
MASTER = "local[2]"
# To be raised when this file changes what a remembered outcome means.
VERSION = 1


class TooLong(Exception):
    pass


class Outcome:
    """What a run gave. `out` is what spark-submit lets through of Python's two outputs, merged."""

    def __init__(self, out, exit_code, ms, load):
        self.out = out
        self.exit_code = exit_code
        self.ms = ms
        # The machine's load average at its start: a time says little without it.
        self.load = load


def environment(here):
    """The environment of the test setup's Spark, and where its parts are"""
    said = subprocess.run([os.path.join(here, "environment")], check=True, stdout=subprocess.PIPE).stdout
    return dict(entry.split("=", 1) for entry in said.decode().split("\0") if entry)


class Alone:
    def __init__(self, here, scratch):
        self.livy = os.path.join(here, "..", "livy")
        self.scratch = os.path.join(scratch, "alone")
        self.conf = os.path.join(self.scratch, "conf")
        self._configure()
        self.env = environment(here)
        self.spark_home = self.env["SPARK_HOME"]
        self.cache = self._cache()

    def _configure(self):
        """The settings and the log level of the sessions of tests/livy, not more"""
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(self.conf)
        for name in ("spark-defaults.conf", "log4j2.properties"):
            shutil.copy(os.path.join(self.livy, "conf", name), self.conf)

    def _cache(self):
        said = hashlib.sha256(("%d %s" % (VERSION, MASTER)).encode())
        for path in (os.path.join(self.conf, "spark-defaults.conf"),
                     os.path.join(self.livy, "requirements.txt"),
                     os.path.join(self.env["VENV"], "pyvenv.cfg")):
            with open(path, "rb") as text:
                said.update(text.read())
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        top = os.environ.get("SPARKSPOOL_CACHE") or os.path.join(home, "sparkspool")
        return os.path.join(top, "fidelity-%s-%s" % (self.spark_version(), said.hexdigest()[:12]))

    def spark_version(self):
        words = {}
        with open(os.path.join(self.spark_home, "version.py"), encoding="utf-8") as text:
            exec(text.read(), words)
        return words["__version__"]

    def _place(self, example, turn):
        return os.path.join(self.cache, example.key, str(turn))

    def recall(self, example, turn):
        """The remembered outcome, or None"""
        place = self._place(example, turn)
        try:
            with open(os.path.join(place, "outcome.json"), encoding="utf-8") as text:
                kept = json.load(text)
            with open(os.path.join(place, "out"), "rb") as out:
                text = out.read()
        except FileNotFoundError:
            return None
        if kept["sum"] != example.sum:
            return None
        return Outcome(text, kept["exit_code"], kept["ms"], kept["load"])

    def outcome(self, example, turn, examples):
        """The outcome, remembered or made now"""
        found = self.recall(example, turn)
        if found is None:
            found = self.run(example, turn, examples)
            print("# spark-submit: %s, %d: exit code %d, %.1f s" % (
                example.name, turn, found.exit_code, found.ms / 1000), flush=True)
        return found

    def run(self, example, turn, examples):
        self.measure(example, turn, examples, self._place(example, turn))
        return self.recall(example, turn)

    def measure(self, example, turn, examples, place):
        """Runs it; what it gave is in the directory `place`"""
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        work, source = self._prepare(example, examples)
        command = [os.path.join(self.spark_home, "bin", "spark-submit"), "--master", MASTER,
                   "--properties-file", os.path.join(self.conf, "spark-defaults.conf"), source] + example.args
        load = os.getloadavg()[0]
        begin = time.monotonic()
        exit_code = self._submit(command, self._env_of(turn, work), work, place)
        ms = int(1000 * (time.monotonic() - begin))
        self._remember(place, {"sum": example.sum, "exit_code": exit_code, "ms": ms, "load": load})
        shutil.rmtree(work, ignore_errors=True)
        return ms

    def _prepare(self, example, examples):
        """An own working directory with Spark's data, and the file beside it, alone in its own"""
        work = os.path.join(self.scratch, "work")
        shutil.rmtree(work, ignore_errors=True)
        for name in ("cwd", "source", "tmp"):
            os.makedirs(os.path.join(work, name))
        examples.furnish(os.path.join(work, "cwd"))
        source = os.path.join(work, "source", example.base)
        with open(source, "wb") as copy:
            copy.write(example.code)
        return work, source

    def _env_of(self, turn, work):
        """The JVM takes its archive of classes only with an empty directory as the first in its class path"""
        tmp = os.path.join(work, "tmp")
        options = "'-Djava.io.tmpdir=%s' '-Dlog4j2.configurationFile=file:%s/log4j2.properties'" % (tmp, self.conf)
        env = dict(self.env, TMPDIR=tmp, LD_PRELOAD=self.env["SHIM"] + "/loopback.so")
        if turn == 1:
            del env["SPARK_LAUNCHER_OPTS"]
            env["SPARK_SUBMIT_OPTS"] = "-XX:-UsePerfData " + options
        else:
            # The quick compiler's code needs deeper stacks than a plain JVM has.
            env["SPARK_SUBMIT_OPTS"] = "%s -Xss4m -XX:SharedArchiveFile=%s/driver.jsa %s" % (
                env["JVM_FLAGS"], env["ARCHIVE"], options)
        return env

    @staticmethod
    def _submit(command, env, work, place):
        # The JVM's own log is its standard error; what Python writes to either comes to the other.
        with open(os.path.join(place, "out"), "wb") as out, open(os.path.join(place, "log"), "wb") as log:
            process = subprocess.Popen(command, cwd=os.path.join(work, "cwd"), env=env, stdout=out, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                return process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                raise TooLong("%s has not ended within %d s under spark-submit" % (command[-1], LIMIT_S))
            finally:
                # Whatever it left running, too.
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()

    @staticmethod
    def _remember(place, kept):
        """Written last: what was interrupted is not remembered"""
        new = os.path.join(place, "outcome.json.new")
        with open(new, "w", encoding="utf-8") as text:
            json.dump(kept, text)
        os.rename(new, os.path.join(place, "outcome.json"))
