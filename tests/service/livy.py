#!/usr/bin/env python3
"""The least of a Livy that the daemon gets along with: Python sessions, in this very process.

usage: livy.py PORTFILE REQUESTS PASSWORDFILE

Listens on 127.0.0.1 and writes its port to PORTFILE once it does. Each request becomes a line of
REQUESTS: method, path, status, "-" or "authorized", the code. Below /locked the same server is to
be had by the user etl with the password in PASSWORDFILE, which is read anew for each request.

While PORTFILE.hold is there, statements that are posted are taken, but not answered.

A session is "starting" when it is first looked at, then idle; its statements run one after the
other, as Python; what they print is their answer.
"""
import base64
import http.server
import json
import os
import queue
import sys
import threading
import time
import urllib.parse

PORTFILE, REQUESTS, PASSWORDFILE = sys.argv[1:]
HOLD = PORTFILE + ".hold"


class Session:
    def __init__(self, number, asked):
        self.number, self.name, self.kind = number, asked.get("name"), asked["kind"]
        self.proxy_user = asked.get("proxyUser")
        self.looks, self.statements, self.todo = 0, [], queue.Queue()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        """As in Livy's own interpreter, what one statement defines is there for the next."""
        names, lines = {}, []
        names["print"] = lambda *words: lines.append(" ".join(str(w) for w in words))
        while True:
            st = self.todo.get()
            lines.clear()
            st["state"] = "running"
            try:
                exec(compile(st["code"], "<stdin>", "exec"), names)
                output = {"status": "ok", "execution_count": st["id"]}
                output["data"] = {"text/plain": "\n".join(lines)}
            except Exception as e:
                output = {"status": "error", "execution_count": st["id"], "traceback": []}
                output["ename"], output["evalue"] = type(e).__name__, str(e)
            st["output"], st["progress"] = output, 1.0
            st["state"] = "available"

    def add(self, code):
        st = {"id": len(self.statements), "code": code, "state": "waiting", "output": None}
        st.update(progress=0.0, started=0, completed=0)
        self.statements.append(st)
        posted = dict(st)
        self.todo.put(st)
        return posted

    def state(self):
        if self.looks < 2:
            return "starting"
        works = any(st["state"] in ("waiting", "running") for st in self.statements)
        return "busy" if works else "idle"

    def show(self):
        self.looks += 1
        return {"id": self.number, "name": self.name, "appId": None, "owner": None,
                "proxyUser": self.proxy_user, "state": self.state(), "kind": self.kind, "log": []}


class Livy:
    """What is asked becomes (status, answer)."""
    def __init__(self):
        self.lock, self.sessions, self.made = threading.Lock(), [], 0

    def answer(self, method, path, body):
        words = path.strip("/").split("/")
        if (method, words) == ("GET", ["version"]):
            return 200, {"version": "0.10.0", "revision": "", "branch": "", "user": "", "date": ""}
        if (method, words) == ("GET", ["sessions"]):
            shown = [s.show() for s in self.sessions]
            return 200, {"from": 0, "total": len(shown), "sessions": shown}
        if (method, words) == ("POST", ["sessions"]):
            return self.create(body)
        if words[0] == "sessions" and len(words) > 1:
            return self.of_session(method, words[1], words[2:], body)
        return 404, {"msg": "no such call"}

    def create(self, asked):
        if any(s.name == asked.get("name") for s in self.sessions):
            return 400, {"msg": "Duplicate session name: %s" % asked.get("name")}
        self.sessions.append(Session(self.made, asked))
        self.made += 1
        return 201, self.sessions[-1].show()

    def of_session(self, method, key, words, body):
        found = [s for s in self.sessions if key in (s.name, str(s.number))]
        if not found:
            return 404, {"msg": "Session '%s' not found." % key}
        if (method, words) == ("GET", []):
            return 200, found[0].show()
        if (method, words) == ("DELETE", []):
            self.sessions.remove(found[0])
            return 200, {"msg": "deleted"}
        if (method, words) == ("GET", ["log"]):
            return 200, {"id": found[0].number, "from": 0, "total": 0, "log": []}
        if (method, words) == ("POST", ["statements"]):
            return 201, found[0].add(body["code"])
        if method == "GET" and len(words) == 2 and words[0] == "statements":
            number = int(words[1])
            known = found[0].statements
            return (200, known[number]) if number < len(known) else (404, "Statement not found")
        return 404, {"msg": "no such call"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    livy = Livy()

    def handle_request(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else {}
        path = urllib.parse.urlsplit(self.path).path
        authorized = self.is_authorized()
        with self.livy.lock:
            if path.startswith("/locked/") and not authorized:
                status, answer = 401, {"msg": "who are you?"}
            else:
                status, answer = self.livy.answer(self.command, path.removeprefix("/locked"), body)
            # Before the answer: whoever has seen a result finds the request written down.
            who = "authorized" if authorized else "-"
            line = [self.command, path, str(status), who, json.dumps(body.get("code", ""))]
            with open(REQUESTS, "a") as f:
                f.write(" ".join(line) + "\n")
        while self.command == "POST" and path.endswith("/statements") and os.path.exists(HOLD):
            time.sleep(0.02)
        self.send(status, json.dumps(answer).encode())

    do_GET = do_POST = do_DELETE = handle_request

    def is_authorized(self):
        with open(PASSWORDFILE) as f:
            wanted = "etl:" + f.read().rstrip("\n")
        given = "Basic " + base64.b64encode(wanted.encode()).decode()
        return self.headers.get("Authorization") == given

    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(PORTFILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
