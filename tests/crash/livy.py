"""A Livy as small as the crash suite needs it: quick, and the same each time.

It knows sessions by name, their statements one after the other, the echo of the code, and in pyspark
sessions the runner's calls (src/runner/PROTOCOL). No code is really run: a file prints what stands
between its quotation marks, SQL gives that as a table. A file that holds "gate NAME" runs until that
gate is opened; "leaves NAME" leaves a file of that name behind. What has been started is written
down: whatever runs twice stands there twice.
"""
import base64
import json
import re
import socketserver
import threading
import time
import urllib.parse

QUOTED = re.compile(r"""(["'])(.*?)\1""")
OURS = re.compile(r'^print\("[0-9a-f]{32}"\)$|^import time; time\.sleep\(')
SLEEP = re.compile(r"^import time; time\.sleep\((\d+)\)")
CALL = re.compile(r"_sparkspool_(boot|call)\((?=')(.*)\)$", re.S)
LITERAL_ESCAPE = re.compile(r"\\(.)")


def printed(code):
    return "".join(m.group(2) + "\n" for m in QUOTED.finditer(code))


class Run:
    """A file in the runner."""
    def __init__(self, start):
        self.id, self.kind = start["id"], start["kind"]
        self.code = base64.b64decode(start["code"]).decode()
        self.state, self.why, self.exit_code = "running", "exit", 0
        self.started = time.time()

    def files(self):
        """Complete at the end; before it there is only the first line."""
        text = printed(self.code)
        if self.state == "running":
            return {"out": text[:text.find("\n") + 1].encode(), "err": b""}
        out = {"out": text.encode(), "err": b""}
        if self.kind == "sql":
            out = {"out": b"", "err": b"", "csv": ("a\r\n" + text.replace("\n", "\r\n")).encode()}
        for name in re.findall(r"leaves (\S+)", self.code):
            out["files/" + name] = ("left by " + text).encode()
        return out

    def tell(self, at, room):
        files = self.files()
        told = {"id": self.id, "state": self.state, "started_ms": int(self.started * 1000),
                "run_ms": 1, "progress": 1.0, "data": [],
                "files": [{"name": n, "bytes": len(d), "cut": 0} for n, d in files.items()]}
        for name, offset in at.items():
            piece = files.get(name, b"")[offset:offset + room]
            if piece:
                room -= len(piece)
                told["data"].append({"name": name, "at": offset,
                                     "data": base64.b64encode(piece).decode()})
        if self.state == "ended":
            told.update(exit_code=self.exit_code, why=self.why, error=None, warnings=[])
            told["sql"] = None
        return told, room


class Runner:
    def __init__(self, livy, boot, number):
        self.livy, self.code, self.slots = livy, boot["code"], boot["slots"]
        self.boot = "boot-%d" % number
        self.runs, self.barred, self.forgotten = {}, set(), set()
        self.lock = threading.RLock()

    def advance(self):
        for run in self.runs.values():
            if run.state == "running" and self.livy.is_open(run.code):
                run.state = "ended"

    def is_full(self):
        return sum(r.state == "running" for r in self.runs.values()) >= self.slots

    def carry_out(self, call):
        refused = []
        for start in call.get("start", []):
            known = start["id"] in self.runs or start["id"] in self.barred | self.forgotten
            if not known and self.is_full():
                refused.append({"id": start["id"], "why": "full"})
            elif not known:
                run = self.runs[start["id"]] = Run(start)
                self.livy.note(run.code)
                self.advance()
        for i in call.get("bar", []):
            if i not in self.runs and i not in self.forgotten:
                self.barred.add(i)
        for kill in call.get("kill", []):
            run = self.runs.get(kill["id"])
            if run and run.state == "running":
                run.state, run.why, run.exit_code = "ended", kill["why"], 137
        for i in call.get("ack", []):
            if i in self.runs and self.runs[i].state == "ended":
                del self.runs[i]
                self.forgotten.add(i)
        return refused

    def tell(self, poll, room):
        if poll["id"] in self.runs:
            return self.runs[poll["id"]].tell(poll.get("at", {}), room)
        state = "barred" if poll["id"] in self.barred else "unknown"
        state = "forgotten" if poll["id"] in self.forgotten else state
        return {"id": poll["id"], "state": state}, room

    def has_news(self, call):
        """Of what a call asks about, has anything ended, or more output?"""
        for poll in call.get("poll", []):
            run = self.runs.get(poll["id"])
            if run is None or run.state == "ended":
                return True
            files, at = run.files(), poll.get("at", {})
            if any(len(files.get(name, b"")) > offset for name, offset in at.items()):
                return True
        return False

    def answer(self, call, refused):
        told, room = [], call.get("data_bytes_max", 1 << 20)
        for poll in call.get("poll", []):
            one, room = self.tell(poll, room)
            told.append(one)
        running = sum(r.state == "running" for r in self.runs.values())
        return {"sparkspool": 1, "tag": call["tag"], "boot": self.boot, "code": self.code,
                "runs": told, "missing": [], "refused": refused, "free": self.slots - running}


class Statement:
    def __init__(self, number, code):
        self.number, self.code, self.state, self.output = number, code, "waiting", None
        self.call, self.refused, self.until = None, [], 0

    def show(self):
        return {"id": self.number, "code": self.code.replace("\r\n", "\n"), "state": self.state,
                "output": self.output, "progress": 1.0 if self.output else 0.0,
                "started": 0 if self.state == "waiting" else 1, "completed": 0}


class Session:
    def __init__(self, livy, number, asked):
        self.livy, self.number, self.name = livy, number, asked.get("name")
        self.kind, self.looks, self.statements, self.runner = asked["kind"], 0, [], None

    def advance(self):
        if self.runner:
            self.runner.advance()
        for st in self.statements:
            if st.state == "waiting":
                self.begin(st)
            if st.state == "running":
                self.finish(st)
            if st.state == "running":
                return

    def begin(self, st):
        st.state = "running"
        m = CALL.search(st.code)
        sleep = SLEEP.match(st.code)
        if sleep:
            st.until = time.monotonic() + int(sleep.group(1)) / self.livy.speed
        if m is None:
            if not OURS.match(st.code):
                self.livy.note(st.code)
            return
        st.call = json.loads(LITERAL_ESCAPE.sub(r"\1", m.group(2)[1:-1]))
        if m.group(1) == "boot" and self.runner is None:
            self.runner = Runner(self.livy, st.call, self.number)
        if m.group(1) == "call":
            st.refused = self.runner.carry_out(st.call)
            st.until = time.monotonic() + st.call.get("wait_ms", 0) / 1000 / self.livy.speed

    def finish(self, st):
        if st.call is not None:
            if time.monotonic() < st.until and not self.runner.has_news(st.call):
                return
            answer = self.runner.answer(st.call, st.refused)
            if "_sparkspool_boot(" in st.code:
                answer.update(mode="process", why="", python="3.11.2", spark="3.5.9", warnings=[])
            text = json.dumps(answer)
        elif time.monotonic() < st.until:  # a sleep
            return
        elif not self.livy.is_open(st.code):
            return
        else:
            text = printed(st.code).rstrip("\n")
        st.output = {"status": "ok", "execution_count": st.number, "data": {"text/plain": text}}
        st.state = "available"

    def show(self):
        state = "busy" if any(s.state == "running" for s in self.statements) else "idle"
        return {"id": self.number, "name": self.name, "appId": None, "owner": None,
                "proxyUser": None, "state": "starting" if self.looks < 2 else state,
                "kind": self.kind, "log": []}


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class Livy:
    """What is asked becomes (status, answer); `started` is the code of all that has been started."""
    def __init__(self, speed=1):
        self.lock, self.sessions, self.made, self.speed = threading.RLock(), [], 0, speed
        self.started, self.gates, self.requests = [], set(), []
        self.server = None

    # ---- for the test ----

    def note(self, code):
        self.started.append(code)

    def open(self, gate):
        with self.lock:
            self.gates.add(gate)

    def is_open(self, code):
        return all(g in self.gates for g in re.findall(r"gate (\w+)", code))

    def times(self, word):
        with self.lock:
            return sum(word in code for code in self.started)

    def listen(self):
        handler = type("Handler", (Handler,), {"livy": self})
        self.server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- for the daemon ----

    def answer(self, method, path, body):
        words = path.strip("/").split("/")
        if (method, words) == ("GET", ["version"]):
            return 200, {"version": "0.10.0", "revision": "", "branch": "", "user": "", "date": ""}
        if (method, words) == ("GET", ["sessions"]):
            shown = [s.show() for s in self.sessions]
            return 200, {"from": 0, "total": len(shown), "sessions": shown}
        if (method, words) == ("POST", ["sessions"]):
            return self.create(body)
        return self.of_session(method, words[1], words[2:], body)

    def create(self, asked):
        if any(s.name == asked.get("name") for s in self.sessions):
            return 400, {"msg": "Duplicate session name: Some(%s)" % asked.get("name")}
        self.sessions.append(Session(self, self.made, asked))
        self.made += 1
        return 201, self.sessions[-1].show()

    def of_session(self, method, key, words, body):
        found = [s for s in self.sessions if key in (s.name, str(s.number))]
        if not found:
            return 404, {"msg": "Session '%s' not found." % key}
        session = found[0]
        session.advance()
        if (method, words) == ("GET", []):
            session.looks += 1
            return 200, session.show()
        if (method, words) == ("DELETE", []):
            self.sessions.remove(session)
            return 200, {"msg": "deleted"}
        if (method, words) == ("GET", ["log"]):
            return 200, {"id": session.number, "from": 0, "total": 0, "log": []}
        return self.of_statements(method, session, words, body)

    def of_statements(self, method, session, words, body):
        known = session.statements
        if (method, words) == ("POST", ["statements"]):
            if session.looks < 2:
                return 500, {"msg": "Session is in state starting"}
            known.append(Statement(len(known), body["code"]))
            posted = known[-1].show()
            session.advance()
            return 201, posted
        if method == "GET" and len(words) == 2 and words[0] == "statements":
            number = int(words[1])
            found = number < len(known)
            return (200, known[number].show()) if found else (404, "Statement not found")
        return 404, {"msg": "no such call"}


class Handler(socketserver.StreamRequestHandler):
    """HTTP as curl speaks it. Of whoever is killed half a request may come: that is none."""
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while self.handle_one():
                pass
        except OSError:
            pass

    def head(self):
        """The lines up to an empty one, which has to be there."""
        lines = []
        while not lines or lines[-1] != b"\r\n":
            lines.append(self.rfile.readline(65536))
            if not lines[-1].endswith(b"\r\n"):
                return None
        return [line.decode("latin-1").strip() for line in lines[:-1]]

    def handle_one(self):
        head = self.head()
        if head is None:
            return False
        method, target, _ = head[0].split()
        lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length:")]
        length = int(lengths[0]) if lengths else 0
        body = self.rfile.read(length)
        if len(body) < length:
            return False
        path = urllib.parse.urlsplit(target).path
        with self.livy.lock:
            status, answer = self.livy.answer(method, path, json.loads(body) if body else {})
            self.livy.requests.append((method, path, status))
        text = json.dumps(answer).encode()
        self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (status, len(text), text))
        return True
