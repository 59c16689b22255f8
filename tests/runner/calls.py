"""A client of the runner's protocol: calls as statements of a Livy session.

	session = calls.Session(url, conf={"spark.scheduler.mode": "FAIR"}); session.boot(slots=4)
	run = session.start("print(1)"); run.wait(); run.out, run.err, run.exit_code
"""

import base64
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
BUNDLE = os.path.join(HERE, "..", "..", "src", "runner", "bundle")
LIMIT_S = 300  # ends a test whose condition never comes

# What a session must be started with.
CONF = {
    "spark.scheduler.mode": "FAIR",
    "spark.python.worker.reuse": "false",
    "spark.python.task.killTimeout": "200ms",
}


class TooLong(Exception):
    pass


def wait_until(what, condition, limit_s=LIMIT_S):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise TooLong("%s: not within %d s" % (what, limit_s))


def bundle():
    """The text of runner.py"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "runner.py")
        subprocess.check_call([BUNDLE, path])
        with open(path) as f:
            return f.read()


def literal(request):
    """JSON in ASCII inside a Python string literal"""
    return "'" + json.dumps(request).replace("\\", "\\\\").replace("'", "\\'") + "'"


class Livy(object):
    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Requested-By", "sparkspool-tests")
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
                return json.loads(response.read().decode())
        except urllib.error.HTTPError as error:
            raise AssertionError("%s %s: %d %s" % (method, path, error.code, error.read().decode()[:500]))


class Session(object):
    """A pyspark session with a runner in it"""

    def __init__(self, url, conf=None, path=None):
        self.livy = Livy(url)
        self.path = path
        if path is None:
            body = {"kind": "pyspark", "conf": dict(CONF, **(conf or {}))}
            self.path = "/sessions/%d" % self.livy.call("POST", "/sessions", body)["id"]
        wait_until("the session", self._is_up)

    def _is_up(self):
        state = self.livy.call("GET", self.path + "/state")["state"]
        if state in ("dead", "error", "killed", "shutting_down"):
            raise AssertionError("the session is " + state)
        return state in ("idle", "busy")

    def statement(self, code, kind=None):
        """Its output, whole"""
        body = {"code": code}
        if kind:
            body["kind"] = kind
        number = self.livy.call("POST", self.path + "/statements", body)["id"]
        place = "%s/statements/%d" % (self.path, number)

        def ended():
            statement = self.livy.call("GET", place)
            return statement["state"] in ("available", "cancelled", "error") and statement["output"]

        return wait_until(place, ended)

    def text(self, code, kind=None):
        output = self.statement(code, kind)
        if output["status"] != "ok":
            raise AssertionError("%s: %s\n%s" % (output["ename"], output["evalue"], "".join(output.get("traceback", []))))
        return output["data"].get("text/plain", "")

    def boot(self, **named):
        request = dict({"v": 1, "slots": 4, "spare": 2, "memory_bytes": 0, "keep_bytes": 0}, **named)
        self.up = json.loads(self.text(bundle() + "\n_sparkspool_boot(%s)" % literal(request)))
        return self.up

    def call(self, **request):
        request.setdefault("v", 1)
        return json.loads(self.text("_sparkspool_call(%s)" % literal(request)))

    def start(self, code, **named):
        run = Run(self, code, **named)
        answer = self.call(start=[run.request])
        run.answer = answer
        return run

    def run(self, code, **named):
        """A file's whole way: started, ended, read, acknowledged"""
        run = self.start(code, **named)
        if run.answer["refused"] or run.answer["missing"]:
            raise AssertionError("refused: %r %r" % (run.answer["refused"], run.answer["missing"]))
        run.wait()
        run.ack()
        return run

    def delete(self):
        self.livy.call("DELETE", self.path)


class Run(object):
    def __init__(self, session, code, name="foo.py", kind="python", style="script", args=(), env=None, limits=None,
                 modules=None, label="", id=None):
        if not isinstance(code, bytes):
            code = code.encode()
        self.session = session
        self.id = id or uuid.uuid4().hex
        self.request = {"id": self.id, "kind": kind, "style": style, "name": name, "args": list(args), "env": env or {},
                        "code": base64.b64encode(code).decode(), "label": label, "limits": limits or {}}
        if modules:
            self.request["modules"] = modules
        self.state = {}
        self.contents = {}

    def poll(self, wait_ms=0, names=("out", "err"), **more):
        """Its state; what came meanwhile is appended to `contents`"""
        at = {name: len(self.contents.get(name, b"")) for name in names}
        answer = self.session.call(poll=[{"id": self.id, "at": at}], wait_ms=wait_ms, **more)
        if "error" in answer:
            raise AssertionError(answer["error"])
        self.state = answer["runs"][0]
        for piece in self.state.get("data", ()):
            old = self.contents.setdefault(piece["name"], b"")
            assert len(old) == piece["at"]
            self.contents[piece["name"]] = old + base64.b64decode(piece["data"])
        return self.state

    def wait(self):
        """Until it has ended and all of it is read"""
        wait_until("the end of a run", lambda: self.poll(2000)["state"] == "ended")
        sizes = {each["name"]: each["bytes"] for each in self.state["files"]}
        while any(len(self.contents.get(name, b"")) < size for name, size in sizes.items()):
            self.poll(names=list(sizes))
        return self

    def kill(self, why="cancelled"):
        return self.session.call(kill=[{"id": self.id, "why": why}])

    def ack(self):
        return self.session.call(ack=[self.id])

    @property
    def out(self):
        return self.contents.get("out", b"").decode("utf-8", "replace")

    @property
    def err(self):
        return self.contents.get("err", b"").decode("utf-8", "replace")

    @property
    def exit_code(self):
        return self.state["exit_code"]

    def __str__(self):
        return "run %s: %s\n--- out\n%s--- err\n%s" % (self.id, json.dumps(self.state)[:1500], self.out, self.err)
