"""What a SQL script gives alone, under `spark-sql -f`: run once each, and remembered."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess

LIMIT_S = 900
MASTER = "local[2]"
# To be raised when this file changes what a remembered outcome means.
VERSION = 1

# The catalog is the one that the test setup's sessions have. Hive's takes a database of its own,
# made anew for each of a hundred scripts.
SETTINGS = ("spark.sql.catalogImplementation=in-memory",)

# A script may say in its first line how it is to be compared: "-- fidelity: ids".
_NOTE = re.compile(rb"\A-- fidelity: (.*)")
_IDS = re.compile(rb"#\d+L?|plan_id=\d+")


class Script:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        with open(path, "rb") as text:
            self.code = text.read()
        note = _NOTE.match(self.code)
        self.notes = note.group(1).decode().split() if note else []
        self.sum = hashlib.sha256(self.code + companions(os.path.dirname(path), self.code)).hexdigest()

    def comparable(self, out):
        """Its output without what differs between any two runs."""
        return _IDS.sub(b"#", out) if "ids" in self.notes else out


def scripts(directory, wanted=()):
    names = sorted(name for name in os.listdir(directory) if name.endswith(".sql"))
    return [Script(os.path.join(directory, name)) for name in names
            if not wanted or name in wanted or name[:-len(".sql")] in wanted]


def companion_names(directory):
    """Files that scripts read by name."""
    return sorted(name for name in os.listdir(directory) if name.endswith(".inc"))


def companions(directory, code):
    """The contents of those that the code names."""
    found = b""
    for name in companion_names(directory):
        if name.encode() not in code:
            continue
        with open(os.path.join(directory, name), "rb") as text:
            found += name.encode() + b"\0" + text.read()
    return found


def furnish(directory, place):
    """A new working directory with those files."""
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    for name in companion_names(directory):
        shutil.copy(os.path.join(directory, name), place)


class Outcome:
    def __init__(self, out, exit_code):
        self.out = out
        self.exit_code = exit_code


def environment(here):
    """The environment of the test setup's Spark, and where its parts are"""
    said = subprocess.run([os.path.join(here, "environment")], check=True, stdout=subprocess.PIPE).stdout
    return dict(entry.split("=", 1) for entry in said.decode().split("\0") if entry)


class Alone:
    def __init__(self, here, scratch):
        self.scratch = os.path.join(scratch, "alone")
        self.conf = os.path.join(self.scratch, "conf")
        self.work = os.path.join(self.scratch, "work")
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(self.conf)
        for name in ("spark-defaults.conf", "log4j2.properties"):
            shutil.copy(os.path.join(here, "..", "livy", "conf", name), self.conf)
        self.env = environment(here)
        self.spark_home = self.env["SPARK_HOME"]
        self.cache = self._cache()

    def _cache(self):
        with open(os.path.join(self.conf, "spark-defaults.conf"), "rb") as text:
            settings = hashlib.sha256(repr((VERSION, MASTER, SETTINGS)).encode() + text.read()).hexdigest()
        with open(os.path.join(self.spark_home, "RELEASE" if os.path.exists(
                os.path.join(self.spark_home, "RELEASE")) else "version.py"), "rb") as text:
            spark = hashlib.sha256(text.read()).hexdigest()
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        top = os.environ.get("SPARKSPOOL_CACHE") or os.path.join(home, "sparkspool")
        return os.path.join(top, "fidelity-sql-%s-%s" % (spark[:12], settings[:12]))

    def recall(self, script):
        """The remembered outcome, or None"""
        try:
            with open(os.path.join(self.cache, script.name + ".json"), encoding="utf-8") as text:
                kept = json.load(text)
            with open(os.path.join(self.cache, script.name + ".out"), "rb") as text:
                out = text.read()
        except FileNotFoundError:
            return None
        return Outcome(out, kept["exit_code"]) if kept["sum"] == script.sum else None

    def outcome(self, script):
        return self.recall(script) or self.run(script)

    def run(self, script):
        cwd = os.path.join(self.work, "cwd")
        furnish(os.path.dirname(script.path), cwd)
        tmp = os.path.join(self.work, "tmp")
        os.makedirs(tmp, exist_ok=True)
        command = [os.path.join(self.spark_home, "bin", "spark-sql"), "--master", MASTER,
                   "--properties-file", os.path.join(self.conf, "spark-defaults.conf")]
        for setting in SETTINGS + ("spark.hadoop.hive.exec.scratchdir=" + os.path.join(tmp, "scratch"),):
            command += ["--conf", setting]
        exit_code = self._spark_sql(command + ["-f", script.path], cwd, tmp, script)
        os.makedirs(self.cache, exist_ok=True)
        os.replace(os.path.join(self.work, "out"), os.path.join(self.cache, script.name + ".out"))
        os.replace(os.path.join(self.work, "err"), os.path.join(self.cache, script.name + ".err"))
        self._remember(script, exit_code)
        shutil.rmtree(self.work, ignore_errors=True)
        return self.recall(script)

    def _spark_sql(self, command, cwd, tmp, script):
        options = "%s -XX:SharedArchiveFile=%s/driver.jsa -Dfile.encoding=UTF-8 '-Djava.io.tmpdir=%s' " \
                  "'-Dlog4j2.configurationFile=file:%s/log4j2.properties'"
        options %= (self.env["JVM_FLAGS"], self.env["ARCHIVE"], tmp, self.conf)
        env = dict(self.env, TMPDIR=tmp, LC_ALL="C.UTF-8", SPARK_SUBMIT_OPTS=options,
                   LD_PRELOAD=self.env["SHIM"] + "/loopback.so")
        with open(os.path.join(self.work, "out"), "wb") as out, open(os.path.join(self.work, "err"), "wb") as err:
            process = subprocess.Popen(command, cwd=cwd, env=env, stdout=out, stderr=err,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                return process.wait(LIMIT_S)
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()

    def _remember(self, script, exit_code):
        """Written last: what was interrupted is not remembered"""
        path = os.path.join(self.cache, script.name + ".json")
        with open(path + ".new", "w", encoding="utf-8") as text:
            json.dump({"sum": script.sum, "exit_code": exit_code}, text)
        os.replace(path + ".new", path)
