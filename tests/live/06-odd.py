#!/usr/bin/env python3
"""Stands between the daemon and a Livy server, and is many odd servers, one after the other.

usage: 06-odd.py UPSTREAM_URL PORTFILE REQUESTS MODE

MODE is a file that is read anew for each request; its first word says what this server is:
  pass       nothing but what the upstream is
  reference  what the REST reference describes and nothing else: no /version, no call for one statement,
             no field in POST /sessions and none in an answer that is not in it, 200 instead of 201
  redirect   301 to elsewhere, for whatever is asked
  html       200 and a page, as of a portal that wants a login; nothing is passed on
  half       the first half of an answer, then the end of the connection
  silent     no answer, until the client gives up
  drop       the end of the connection as soon as the request is there
  garbled    passes on, but the answer to a POST becomes a page
REQUESTS is as proxy.py writes it; `status` is the mode where nothing was answered.
"""
import argparse
import http.server
import json
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
import proxy

PAGE = b"<html><head><title>Welcome to the portal</title></head><body><p>Log in.</p></body></html>\n"
ANSWERED = {"id", "kind", "log", "state", "from", "total", "sessions", "total_statements", "statements", "output", "msg"}


class Handler(proxy.Handler):
    mode_file = None

    def handle_request(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) if length else b""
        with open(self.mode_file) as f:
            mode = f.read().split()[0]
        if mode in ("pass", "reference", "garbled"):
            return self.pass_on(mode, body)
        getattr(self, mode)(body)

    do_GET = do_POST = do_DELETE = handle_request

    def pass_on(self, mode, body):
        refusal = self.refusal(body) if mode == "reference" else None
        if refusal:
            return self.answer(body, *refusal)
        status, headers, data = self.forward(body)
        if mode == "garbled" and self.command == "POST":
            return self.html(body)
        headers = [(name, value) for name, value in headers if name.lower() != "location"]
        kind = dict(headers).get("Content-Type", "text/plain")
        if mode == "reference":
            status = 200 if status == 201 else status
            data = json.dumps(only_known(json.loads(data))).encode() if "json" in kind else data
        self.answer(body, status, kind, data, headers)

    def refusal(self, body):
        path = urllib.parse.urlsplit(self.path).path
        known = {
            "GET": r"/sessions|/sessions/\d+|/sessions/\d+/statements",
            "POST": r"/sessions|/sessions/\d+/statements",
            "DELETE": r"/sessions/\d+",
        }[self.command]
        if not re.fullmatch(known, path):
            return 404, "text/html", proxy.NOT_FOUND
        fields = set(json.loads(body or b"{}"))
        unknown = fields - (proxy.REFERENCE if path == "/sessions" else {"code"})
        if unknown:
            words = {"msg": "Unrecognized field: " + ", ".join(sorted(unknown))}
            return 400, "application/json", json.dumps(words).encode()
        return None

    def redirect(self, body):
        where = [("Location", "https://elsewhere.example" + self.path)]
        self.answer(body, 301, "text/html", b"<html><title>Moved</title></html>\n", where)

    def html(self, body):
        self.answer(body, 200, "text/html", PAGE)

    def half(self, body):
        self.close(body, "half")
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n")
        self.wfile.write(b'{"from":0,"total":0,"sess')

    def silent(self, body):
        self.close(body, "silent")
        self.rfile.read(1)

    def drop(self, body):
        self.close(body, "drop")


def only_known(answer):
    if isinstance(answer, list):
        return [only_known(part) for part in answer]
    if not isinstance(answer, dict):
        return answer
    kept = {name: value for name, value in answer.items() if name in ANSWERED}
    for name in ("sessions", "statements"):
        if name in kept:
            kept[name] = only_known(kept[name])
    return kept


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    upstream, portfile, requests, Handler.mode_file = sys.argv[1:]
    Handler.upstream = urllib.parse.urlsplit(upstream).netloc
    Handler.options = argparse.Namespace(requests=requests)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(portfile + ".new", "w") as f:
        print(server.server_port, file=f)
    os.rename(portfile + ".new", portfile)
    server.serve_forever()


if __name__ == "__main__":
    main()
