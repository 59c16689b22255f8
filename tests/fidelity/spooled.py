"""Files given to the daemon through its spool, as people do it: a rename in, and results beside."""
import json
import os
import signal
import subprocess
import time

from through import LIMIT_S, Broken, Given, bundle

CONF = """state_dir = "%(home)s/state";
run_dir = "%(home)s/run";
runner = "%(runner)s";
endpoint: { e: { url = "%(url)s"; }; };
pool: { p: {
	warm: { pyspark = 1; sql = 0; }; max = 1; slots = %(slots)d; spare = %(spare)d; on_stop = "delete";
	session: { conf = ( ("spark.driver.defaultJavaOptions", "-Xss4m") ); };
}; };
spool: {
%(spools)s};
"""
SPOOL = '\t%s: { path = "%s"; pool = "p"; ready = "rename"; scan = "2s"; after = "delete"; python = "script"; sql = "script"; ' \
        '%s};\n'
SPARES_MAX = 8
START_LIMIT_S = 300


class Dropped:
    def __init__(self, job, directory):
        self.job = job
        self.path = os.path.join(directory, job.base)
        self.begin = time.monotonic()


class Spool:
    """A daemon with a spool for each directory of examples, so that each keeps its own name"""

    def __init__(self, server, slots, daemon, scratch, settings="", runner=None):
        if not daemon:
            raise Broken("--daemon or SPARKSPOOLD is needed for a spool")
        self.home = os.path.join(scratch, "daemon")
        self.slots = slots
        self.settings = settings  # of each spool, beside what all have
        for name in ("state", "run", "s"):
            os.makedirs(os.path.join(self.home, name), 0o700)
        self.runner = os.path.abspath(runner or bundle(scratch))
        self.spools = {}
        self.daemon = daemon
        self.url = server.url
        self.process = None
        self.log = os.path.join(self.home, "log")

    def prepare(self, jobs):
        """The daemon is started with all the directories that the jobs will need"""
        if self.process:
            return
        for job in jobs:
            top = os.path.dirname(job.name) or "top"
            self.spools.setdefault(top, os.path.join(self.home, "s", top.replace("/", "_")))
        for directory in self.spools.values():
            os.mkdir(directory)
        conf = os.path.join(self.home, "conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(CONF % {
                "home": self.home, "url": self.url, "runner": self.runner, "slots": self.slots, "spare": min(self.slots, SPARES_MAX),
                "spools": "".join(SPOOL % (os.path.basename(path), path, self.settings)
                                  for path in self.spools.values())})
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.daemon, "-d", "-f", conf], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT)

    def close(self):
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def describe(self):
        said = subprocess.run([self.daemon, "--version"], stdout=subprocess.PIPE, check=False)
        return "spool, %s" % said.stdout.decode().strip()

    def run(self, jobs, at_once):
        """All handed in at once where several may run: the daemon's own slots are the limit"""
        jobs = list(jobs)
        at_work = []
        while jobs or at_work:
            while jobs and len(at_work) < at_once:
                at_work.append(self._drop(jobs.pop(0)))
            ended = [dropped for dropped in at_work if os.path.exists(dropped.path + ".json")]
            if not ended:
                self._check(at_work)
                time.sleep(0.005)
            for dropped in ended:
                at_work.remove(dropped)
                yield self._collect(dropped)

    def _drop(self, job):
        dropped = Dropped(job, self.spools[os.path.dirname(job.name) or "top"])
        hidden = os.path.join(os.path.dirname(dropped.path), "." + job.base)
        with open(hidden, "wb") as file:
            file.write(self._directed(job))
        dropped.begin = time.monotonic()
        os.rename(hidden, dropped.path)
        return dropped

    @staticmethod
    def _directed(job):
        """Arguments are a directive in the file; it takes the place of its first line, an empty
        comment, so that the lines keep their numbers"""
        if not job.args:
            return job.code
        if not job.code.startswith(b"#\n"):
            raise Broken("%s does not begin with an empty comment" % job.name)
        return b'# sparkspool: args="%s"' % " ".join(job.args).encode() + job.code[1:]

    def _check(self, at_work):
        if self.process.poll() is not None:
            raise Broken("the daemon has ended: %s" % self._last_words())
        late = [d for d in at_work if time.monotonic() - d.begin > LIMIT_S + START_LIMIT_S]
        if late:
            raise Broken("no result of %s: %s" % (late[0].job.name, self._last_words()))

    def _last_words(self):
        with open(self.log, "rb") as log:
            return log.read()[-2000:].decode("utf-8", "replace")

    def _collect(self, dropped):
        """What stands there once the record does; then it is taken away, for the next of that name"""
        ms = int(1000 * (time.monotonic() - dropped.begin))
        texts = {}
        for suffix in ("out", "err", "json"):
            try:
                with open("%s.%s" % (dropped.path, suffix), "rb") as file:
                    texts[suffix] = file.read()
            except FileNotFoundError:
                texts[suffix] = b""
        record = json.loads(texts["json"].decode())
        remarks = list(record.get("warnings") or ())
        if record["status"] not in ("ok", "error"):
            remarks.append("status %s: %s" % (record["status"], json.dumps(record.get("error"))))
        self._clear(dropped.path)
        return Given(dropped.job, texts["out"], texts["err"], record.get("exit_code"), ms, remarks)

    @staticmethod
    def _clear(path):
        directory, base = os.path.split(path)
        for name in os.listdir(directory):
            whole = os.path.join(directory, name)
            if name.startswith(base + ".") and os.path.isfile(whole):
                os.unlink(whole)
