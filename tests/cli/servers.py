"""Servers that init may meet: Livys of several ages, and what stands before them or in their place.

They answer what the real ones do (tests/livy, and the facts in src/core/livy.h), keep what they were
asked, and know which sessions there are: what init leaves behind is seen.
"""
import base64
import http.server
import json
import re
import ssl
import threading

PAGE = "<html><head><title>Sign in to the network</title></head><body>Please</body></html>"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who asks may go away before the answer."""


class Livy:
    """how: a version ("0.7.1"), None for a Livy that has no such call, or a word: page, redirect, error,
    silence, other, flood. login: (user, password) that is wanted. names, connect: false where it lacks
    what its version has. tls: files of certificate and key. loses: the answer to a creation. one: whether one
    statement can be asked for."""
    def __init__(self, how="0.7.1-incubating", login=None, names=True, connect=True, states=("starting", "idle"),
                 output="2", delete=200, tls=None, loses=False, one=True):
        self.how, self.login, self.lacks = how, login, {"names": not names, "connect": not connect}
        self.states, self.output, self.delete = list(states), output, delete
        self.loses, self.one = loses, one
        self.asked, self.sessions, self.made, self.bodies, self.open = [], {}, 0, [], threading.Event()
        livy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                livy.asked.append("%s %s" % (self.command, self.path))
                if livy.how == "silence":
                    livy.open.wait(60)
                status, answer = livy.answer(self.command, self.path, body, self.headers)
                if livy.loses and (self.command, self.path) == ("POST", "/sessions"):
                    self.close_connection = True
                    return
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                kind = "text/html" if data[:1] == b"<" else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do

            def log_message(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = ("https" if tls else "http") + "://127.0.0.1:%d" % self.server.server_address[1]

    def stop(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()

    def age(self):
        m = re.match(r"0\.(\d+)", self.how or "0.3")
        return int(m.group(1)) if m else 0

    def refusal(self, headers):
        if self.login is None:
            return None
        wanted = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        if headers.get("Authorization") == wanted:
            return None
        # It says what it was sent: no client may show that to anybody.
        sent = headers.get("Authorization") or "Basic "
        word = base64.b64decode(sent[6:]).decode().partition(":")[2]
        return 401, "<html><title>Error 401 Authentication required %s %s</title></html>" % (sent, word)

    def answer(self, method, path, body, headers):
        strange = {"page": (200, PAGE), "redirect": (302, ""), "error": (503, PAGE), "silence": (200, ""),
                   "other": (404, {"error": "no handler found for this path"}), "flood": (200, "[" * (9 << 20))}
        if self.how in strange:
            return strange[self.how]
        refusal = self.refusal(headers)
        if refusal:
            return refusal
        if method != "GET" and not headers.get("X-Requested-By"):
            return 400, "Missing Required Header for CSRF protection."
        words = path.split("?")[0].strip("/").split("/")
        if words == ["version"]:
            return (200, {"version": self.how, "user": ""}) if self.how else (404, "<html>No such</html>")
        if words == ["sessions"]:
            return self.list(method, body)
        return self.about(method, words[1], words[2:], body)

    def list(self, method, body):
        if method == "GET":
            return 200, {"from": 0, "total": len(self.sessions), "sessions": list(self.sessions.values())[:1]}
        ask = json.loads(body)
        self.bodies.append(ask)
        session = {"id": self.made, "state": self.states[0], "kind": ask["kind"], "log": ["a", "b failed"]}
        if self.age() >= 6:
            session["name"] = ask.get("name")
        self.made += 1
        self.sessions[session["id"]] = session
        return 201, session

    def find(self, key):
        if key.isdigit():
            return self.sessions.get(int(key))
        return next((s for s in self.sessions.values() if s.get("name") == key), None)

    def about(self, method, key, rest, body):
        if not key.isdigit() and (self.age() < 6 or self.lacks["names"]):
            return 400, '"For input string: \\"%s\\""' % key
        if rest == ["connect"] and self.lacks["connect"]:
            return 404, PAGE
        session = self.find(key)
        if session is None:
            return 404, {"msg": "Session '%s' not found." % key}
        if method == "DELETE":
            if self.delete == 200:
                del self.sessions[session["id"]]
            return self.delete, {"msg": "deleted"}
        if rest[:1] == ["statements"]:
            self.bodies.append(json.loads(body) if body else None)
            done = method == "GET"
            output = {"status": "ok", "execution_count": 0, "data": {"text/plain": self.output}}
            if self.output is None:
                output = {"status": "error", "ename": "E", "evalue": "no", "traceback": []}
            statement = {"id": 0, "state": "available" if done else "waiting", "output": output if done else None}
            if done and not self.one:
                return (404, PAGE) if len(rest) == 2 else (200, {"total_statements": 1, "statements": [statement]})
            return 200 if done else 201, statement
        if method == "GET" and not rest and len(self.states) > 1:
            self.states.pop(0)
            session["state"] = self.states[0]
        return 200, session
