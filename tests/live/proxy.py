#!/usr/bin/env python3
"""Stands between the daemon and a Livy server, writes down what is asked, and misbehaves on demand.

usage: proxy.py [--port N] [--reference] [--list-only] UPSTREAM_URL PORTFILE REQUESTS RULES

Listens on 127.0.0.1 and writes its port to PORTFILE once it does. Each request becomes a line of JSON
in REQUESTS: method, path, body, headers, status, the answer's start. RULES is read anew for each request; a line is
`METHOD PATH-PATTERN ACTION [times]`:
  lose      passes the request on, waits for its answer, and closes the connection without one
  drop      closes the connection without passing anything on
  NUMBER    answers with this status and Livy's kind of body, without passing anything on

--reference  a server that has nothing but the REST reference: no /version, no names (sessions are
             reached by id, POST /sessions refuses unknown fields, answers hold no name), no echo of code
--list-only  ... and no call for a single statement
"""
import argparse
import http.client
import http.server
import json
import os
import re
import threading
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
REFERENCE = {"kind", "proxyUser", "jars", "pyFiles", "files", "archives", "driverMemory", "driverCores"}
REFERENCE |= {"executorMemory", "executorCores", "numExecutors"}
NOT_FOUND = b"<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"
LIMIT_S = 600


class Rules:
    def __init__(self, path):
        self.path, self.used, self.lock = path, {}, threading.Lock()

    def action(self, method, path):
        """What the first rule that matches and is not used up says, or None."""
        with self.lock, open(self.path) as f:
            for line in f.read().splitlines():
                words = line.split()
                if len(words) < 3 or words[0] != method or not re.search(words[1], path):
                    continue
                if len(words) > 3 and self.used.get(line, 0) >= int(words[3]):
                    continue
                self.used[line] = self.used.get(line, 0) + 1
                return words[2]
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = rules = upstream = None
    lock = threading.Lock()

    def handle_request(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) if length else b""
        action = self.rules.action(self.command, self.path)
        if action == "drop":
            return self.close(body, "dropped")
        if action and action.isdigit():
            return self.answer(body, int(action), "application/json", b'{"msg":"as the rules say"}')
        refusal = self.refusal(body)
        if refusal:
            return self.answer(body, *refusal)
        status, headers, data = self.forward(body)
        if action == "lose":
            return self.close(body, "lost")
        kind = dict(headers).get("Content-Type", "text/plain")
        self.answer(body, status, kind, self.edited(kind, data), headers)

    do_GET = do_POST = do_DELETE = handle_request

    def refusal(self, body):
        """What a server of the reference says to what it does not know, or None."""
        path = urllib.parse.urlsplit(self.path).path
        single = re.search(r"/statements/\d+$", path)
        if self.options.list_only and single:
            return 404, "text/html", NOT_FOUND
        if not self.options.reference:
            return None
        if path == "/version" or re.match(r"/sessions/[^/]*[^0-9/]", path) or path.endswith("/connect"):
            return 404, "text/html", NOT_FOUND
        unknown = set(json.loads(body or b"{}")) - REFERENCE if self.command == "POST" and path == "/sessions" else ()
        if unknown:
            words = {"msg": "Unrecognized field: %s" % ", ".join(sorted(unknown))}
            return 400, "application/json", json.dumps(words).encode()
        return None

    def edited(self, kind, data):
        if not self.options.reference or "json" not in kind:
            return data
        answer = json.loads(data)
        if not isinstance(answer, dict):
            return data
        for part in [answer] + sum((answer.get(k, []) for k in ("sessions", "statements")), []):
            if isinstance(part, dict):
                part.pop("code", None)
                if "kind" in part:
                    part.pop("name", None)
        return json.dumps(answer).encode()

    def forward(self, body):
        connection = http.client.HTTPConnection(self.upstream, timeout=LIMIT_S)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP | {"accept-encoding"}}
        try:
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        except OSError as e:
            return 502, [("Content-Type", "text/plain")], str(e).encode()
        finally:
            connection.close()

    def write_down(self, body, status, answer=b""):
        try:
            body = json.loads(body) if body else None
        except ValueError:
            body = repr(body)
        line = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers.items())}
        line.update(status=status, answer=answer[:4096].decode("utf-8", "replace"))
        with self.lock, open(self.options.requests, "a") as f:
            f.write(json.dumps(line) + "\n")

    def close(self, body, what):
        self.write_down(body, what)
        self.close_connection = True

    def answer(self, body, status, kind, data, headers=()):
        self.write_down(body, status, data)
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-type"}:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--list-only", action="store_true")
    for name in ("upstream", "portfile", "requests", "rules"):
        parser.add_argument(name)
    o = Handler.options = parser.parse_args()
    Handler.upstream = urllib.parse.urlsplit(o.upstream).netloc
    Handler.rules = Rules(o.rules)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", o.port), Handler)
    with open(o.portfile + ".new", "w") as f:
        print(server.server_port, file=f)
    os.rename(o.portfile + ".new", o.portfile)
    server.serve_forever()


if __name__ == "__main__":
    main()
