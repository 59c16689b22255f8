"""Just enough of a Livy client for the tests in this directory."""
import json
import time
import urllib.error
import urllib.request

# No test waits for a time to pass; this only ends one whose condition never comes.
LIMIT_S = 300

STARTING = ("not_started", "starting", "recovering")
ENDED = ("available", "cancelled", "error")


class TooLong(Exception):
    pass


def wait_until(what, condition):
    """What `condition` returns, as soon as that is true."""
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise TooLong("%s: not within %d s" % (what, LIMIT_S))


def has_ended(statement):
    """Livy sends a statement while it changes: one may be `available` and its output still missing."""
    return statement["state"] in ENDED and (statement["output"] or statement["state"] == "cancelled")


class Server:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, method, path, body=None):
        """(status, text)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Requested-By", "sparkspool-tests")
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        """The answer as JSON"""
        status, text = self.call("GET", path)
        if status != 200:
            raise AssertionError("GET %s: %d %s" % (path, status, text[:300]))
        return json.loads(text)

    def start_session(self, kind, **fields):
        status, text = self.call("POST", "/sessions", dict(fields, kind=kind))
        if status != 201:
            raise AssertionError("no session of kind %s: %d %s" % (kind, status, text[:300]))
        session = Session(self, "/sessions/%d" % json.loads(text)["id"])
        wait_until("session of kind " + kind, lambda: session.state() not in STARTING)
        return session


class Session:
    def __init__(self, server, path):
        self.server = server
        self.path = path

    def state(self):
        return self.server.get(self.path + "/state")["state"]

    def await_state(self, *states):
        def in_state():
            state = self.state()
            return state in states and state

        return wait_until("state of %s in %s" % (self.path, states), in_state)

    def post(self, code, kind=None):
        """The new statement's path"""
        body = {"code": code} if kind is None else {"code": code, "kind": kind}
        status, text = self.server.call("POST", self.path + "/statements", body)
        if status != 201:
            raise AssertionError("POST of a statement: %d %s" % (status, text[:300]))
        return "%s/statements/%d" % (self.path, json.loads(text)["id"])

    def await_statement(self, path, *states):
        """The statement once it is in one of the states, or, if none is given, has ended"""

        def in_state():
            statement = self.server.get(path)
            done = statement["state"] in states if states else has_ended(statement)
            return done and statement

        return wait_until("%s in %s" % (path, states or ENDED), in_state)

    def run(self, code, kind=None):
        """The statement's output"""
        return self.await_statement(self.post(code, kind))["output"]

    def text(self, code, kind=None):
        """What it prints, or its failure"""
        output = self.run(code, kind)
        if output["status"] == "ok":
            return output["data"].get("text/plain", output["data"])
        return "%s: %s" % (output["ename"], output["evalue"])

    def delete(self):
        return self.server.call("DELETE", self.path)
