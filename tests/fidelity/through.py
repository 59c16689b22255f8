"""The ways to give files to a warm session: straight to the runner, or (spooled.py) through a spool.

Each takes jobs and answers with what they gave, in the order in which they end.
"""
import base64
import itertools
import json
import os
import secrets
import subprocess
import time

import session
from session import livy_client

LIMIT_S = 1200
PIECE_BYTES = 4 << 20
# What the daemon starts its sessions with; and deeper stacks, for the quick JVM of tests/livy needs
# more of them than a plain one: with a long lineage (mllib/recommendation_example.py) it died.
CONF = {"spark.scheduler.mode": "FAIR", "spark.python.worker.reuse": "false",
        "spark.driver.defaultJavaOptions": "-Xss4m"}


class Broken(Exception):
    """The way itself failed, not a file on it."""


def bundle(scratch):
    """The runner as it is sent, made of this tree's modules"""
    made = os.path.join(scratch, "runner.py")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "runner")
    subprocess.run(["sh", os.path.join(source, "bundle"), made], check=True)
    return made


class Job:
    def __init__(self, name, code, args=()):
        self.name = name
        self.base = name.rsplit("/", 1)[-1]
        self.code = code
        self.args = list(args)


class Given:
    """What a job gave"""

    def __init__(self, job, out, err, exit_code, ms, remarks=()):
        self.job = job
        self.out = out
        self.err = err
        self.exit_code = exit_code
        # From the moment in which it was handed in to the one in which all of its output was here.
        self.ms = ms
        self.remarks = list(remarks)


class _Run:
    """A job under way: what has come of it so far"""

    def __init__(self, job):
        self.job = job
        self.id = secrets.token_hex(16)
        self.begin = time.monotonic()
        self.pieces = {"out": b"", "err": b""}

    def start(self):
        return {"id": self.id, "kind": "python", "style": "script", "name": self.job.base, "args": self.job.args,
                "code": base64.b64encode(self.job.code).decode(), "env": {}, "label": self.job.name,
                "limits": {"time_ms": LIMIT_S * 1000, "out_bytes": 0, "err_bytes": 0, "files_bytes": 0,
                           "files_count": 0, "rows": 0}}

    def poll(self):
        return {"id": self.id, "at": {name: len(text) for name, text in self.pieces.items()}}

    def take(self, told):
        for piece in told.get("data", ()):
            if piece["name"] in self.pieces and piece["at"] == len(self.pieces[piece["name"]]):
                self.pieces[piece["name"]] += base64.b64decode(piece["data"])

    def is_whole(self, told):
        """Ended, and each byte that there is has come"""
        sizes = {entry["name"]: entry["bytes"] for entry in told.get("files", ())}
        return told["state"] == "ended" and all(
            len(text) >= sizes.get(name, 0) for name, text in self.pieces.items())

    def given(self, told):
        remarks = list(told.get("warnings", ()))
        if told["why"] != "exit":
            remarks.append("why: " + told["why"])
        return Given(self.job, self.pieces["out"], self.pieces["err"], told["exit_code"],
                     int(1000 * (time.monotonic() - self.begin)), remarks)


class Runner:
    """The runner's protocol, spoken to one session"""

    def __init__(self, server, slots, bundle):
        self.session = session.start_session(server.url, CONF)
        with open(bundle, encoding="utf-8") as text:
            source = text.read()
        begin = time.monotonic()
        self.boot = self._say(source + "\n" + self._words("_sparkspool_boot", {
            "v": 1, "slots": slots, "spare": slots, "memory_bytes": 0, "keep_bytes": 1 << 30}))
        self.boot_ms = int(1000 * (time.monotonic() - begin))
        if self.boot["mode"] != "process":
            raise Broken("the runner has no processes: " + self.boot["why"])

    def prepare(self, jobs):
        """Nothing to do: the session is ready"""

    def close(self):
        self.session.delete()

    def describe(self):
        return "runner of protocol 1, Python %(python)s, Spark %(spark)s" % self.boot

    @staticmethod
    def _words(function, parts):
        return "%s(%r)" % (function, json.dumps(parts))

    def _say(self, code):
        try:
            said = self.session.run(code, "pyspark")
        except (AssertionError, OSError, livy_client.TooLong) as error:
            raise Broken("the session is lost: %s" % error)
        text = said.get("data", {}).get("text/plain") if said["status"] == "ok" else None
        try:
            answer = json.loads(text)
        except (TypeError, ValueError):
            raise Broken("the runner did not answer: %s" % json.dumps(said)[:2000])
        if "error" in answer:
            raise Broken("the runner refuses: " + answer["error"])
        return answer

    def run(self, jobs, at_once):
        """Given ones, as they end, of an iterable of jobs; an error of the way is an exception"""
        jobs, at_work, done = iter(jobs), {}, []
        while True:
            fresh = [_Run(job) for job in itertools.islice(jobs, at_once - len(at_work))]
            at_work.update((run.id, run) for run in fresh)
            if not at_work:
                break
            told, done = self._turn(fresh, at_work, done)
            for entry in told:
                run = at_work[entry["id"]]
                run.take(entry)
                if run.is_whole(entry):
                    del at_work[run.id]
                    done.append(run.id)
                    yield run.given(entry)
        if done:
            self._say(self._words("_sparkspool_call", {"v": 1, "ack": done}))

    def _turn(self, fresh, at_work, done):
        answer = self._say(self._words("_sparkspool_call", {
            "v": 1, "start": [run.start() for run in fresh], "ack": done,
            "poll": [run.poll() for run in at_work.values()], "wait_ms": 2000, "data_bytes_max": PIECE_BYTES}))
        if answer.get("dead"):
            raise Broken("the zygote has died")
        for refused in answer.get("refused", ()):
            if refused["why"] != "full":
                raise Broken("refused: %s: %s" % (at_work[refused["id"]].job.name, refused["why"]))
            raise Broken("a slot should be free: " + at_work[refused["id"]].job.name)
        late = [run for run in at_work.values() if time.monotonic() - run.begin > LIMIT_S + 60]
        if late:
            raise Broken("has not ended within its limit: " + late[0].job.name)
        return answer["runs"], []
