"""A daemon that is none: it speaks the control protocol as the command line has to know it, does what
the real one hardly ever does, and writes down what it was asked.

Jobs are dictionaries as the protocol has them. A file that appears in the spool becomes one as soon as
somebody asks; how it goes on is the test's business.
"""
import json
import os
import socket
import threading
import time

LINE_MAX = 65536


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


class Stand:
    def __init__(self, top, spools):
        """spools: {name: directory}"""
        self.path = os.path.join(top, "run", "control")
        self.spools, self.jobs, self.asked = spools, {}, []
        self.followed = 0  # requests that hear of each end from now on
        self.lock, self.changed = threading.RLock(), threading.Condition()
        self.faults, self.answers, self.connections = {}, {}, []
        self.next_id, self.ready, self.listener, self.ended = 40, "rename", None, []
        self.on_pick_up = lambda job: None

    # ---- its life ----

    def start(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As a daemon that is killed: connections break, the socket's name stays."""
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for c in self.connections:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connections.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data = b""
        try:
            while True:
                while b"\n" not in data:
                    piece = peer.recv(65536)
                    if not piece:
                        return
                    data += piece
                line, data = data.split(b"\n", 1)
                self.one(peer, line)
        except (OSError, BrokenPipeError):
            pass
        finally:
            peer.close()

    # ---- one request ----

    def one(self, peer, line):
        request = json.loads(line)
        assert len(line) < LINE_MAX and request["v"] == 1, line
        with self.lock:
            self.asked.append(request)
        do = request["do"]
        fault = self.faults.get(do, self.faults.get("*"))
        if fault is not None:
            return self.fail(peer, fault)
        if do in self.answers:
            return self.send(peer, self.answers[do])
        getattr(self, "do_" + do.replace("-", "_"))(peer, request)

    def send(self, peer, lines):
        peer.sendall(b"".join(json.dumps(x).encode() + b"\n" for x in lines))

    def fail(self, peer, fault):
        if fault == "hang":
            threading.Event().wait()
        elif fault == "close":
            peer.shutdown(socket.SHUT_RDWR)
            raise OSError
        elif fault == "half":
            peer.sendall(b'{"type":"job","id":')
            peer.shutdown(socket.SHUT_RDWR)
            raise OSError
        elif isinstance(fault, bytes):
            peer.sendall(fault)
        else:
            self.send(peer, fault)

    def error(self, peer, code, message, hint=None):
        line = {"type": "error", "code": code, "message": message}
        if hint:
            line["hint"] = hint
        self.send(peer, [line])

    # ---- what there is ----

    def look(self):
        """What has appeared in the spools becomes jobs."""
        for spool, directory in self.spools.items():
            for name in sorted(os.listdir(directory)):
                if not name.endswith((".py", ".sql", ".scala", ".R")) or name.startswith("."):
                    continue
                path = os.path.join(directory, name)
                ino = os.stat(path).st_ino
                if self.ready == "marker" and not os.path.exists(path + ".ready"):
                    continue
                if not any(j["path"] == path and j["ino"] == ino for j in self.jobs.values()):
                    self.add(path, spool, ino=ino)

    def add(self, path, spool, **more):
        self.next_id += 1
        job = {"type": "job", "id": self.next_id, "path": path, "name": os.path.basename(path),
               "spool": spool, "pool": "all", "kind": "pyspark", "owner": os.getuid(),
               "state": "queued", "priority": 0, "attempts": 0, "queued": now(), "ino": 0}
        job.update(more)
        self.jobs[job["id"]] = job
        self.on_pick_up(job)
        return job

    def change(self, job, **more):
        with self.changed:
            job.update(more)
            if job["state"] == "done" and job not in self.ended:
                self.ended.append(job)
            self.changed.notify_all()

    def finish(self, job, status="ok", out="", err="", **more):
        """Its results, and its end."""
        if out is not None:
            with open(job["path"] + ".err", "w") as f:
                f.write(err)
            with open(job["path"] + ".out", "w") as f:
                f.write(out)
            more["record"] = job["path"] + ".json"
        self.change(job, state="done", status=status, finished=now(), **more)

    def find(self, who):
        with self.lock:
            self.look()
            if isinstance(who, int):
                return self.jobs.get(who)
            of = [j for j in self.jobs.values() if j["path"] == who]
            return of[-1] if of else None

    def shown(self, job):
        return {k: v for k, v in job.items() if k != "ino"}

    # ---- requests ----

    def do_hello(self, peer, request):
        self.send(peer, [{"type": "hello", "v": 1, "version": "9", "pid": os.getpid(), "uid": os.getuid(),
                          "instance": "i", "admin": True, "started": now()}, {"type": "end"}])

    def do_spools(self, peer, request):
        self.send(peer, [{"type": "spool", "name": n, "path": p, "pool": "all", "ready": self.ready,
                          "after": "keep", "suffixes": [".py", ".sql"], "paused": False, "held": 0,
                          "queued": 1, "running": 2, "state": "ok"} for n, p in self.spools.items()] +
                  [{"type": "end"}])

    def do_list(self, peer, request):
        with self.lock:
            self.look()
            jobs = [self.shown(j) for j in self.jobs.values() if j["state"] != "done" and
                    request.get("spool") in (None, j["spool"])]
        self.send(peer, jobs + [{"type": "end"}])

    def do_history(self, peer, request):
        jobs = [self.shown(j) for j in reversed(self.ended)
                if request.get("status") in (None, j["status"])]
        self.send(peer, jobs[:request.get("limit", 100)] + [{"type": "end"}])

    def each(self, peer, request, fn):
        lines, everything = [], request["jobs"] == "ALL"
        for who in ["ALL"] if everything else request["jobs"]:
            found = list(self.jobs.values()) if everything else [self.find(who)]
            for job in found:
                if job is None:
                    lines.append({"type": "failed", "id": who, "code": "not-found",
                                  "message": "there is no job %s" % who})
                else:
                    lines.append(fn(job))
        self.send(peer, lines + [{"type": "end"}])

    def do_show(self, peer, request):
        self.each(peer, request, self.shown)

    def do_cancel(self, peer, request):
        def cancel(job):
            was = job["state"]
            self.finish(job, "cancelled", out="" if was == "running" else None)
            return {"type": "done", "id": job["id"], "path": job["path"], "was": was}
        self.each(peer, request, cancel)

    def plain(self, peer, request):
        self.each(peer, request, lambda j: {"type": "done", "id": j["id"], "path": j["path"],
                                            "was": j["state"]})
    do_hold = do_release = do_rerun = plain

    def end(self, peer, request):
        self.send(peer, [{"type": "end"}])
    do_pause = do_resume = do_reload = end

    def do_drain(self, peer, request):
        self.send(peer, [{"type": "drained"}, {"type": "end"}])

    def do_metrics(self, peer, request):
        self.send(peer, [{"type": "text", "text": "sparkspool_up 1\n"}, {"type": "end"}])

    def do_sessions(self, peer, request):
        self.send(peer, [{"type": "session", "id": 3, "name": "sparkspool-x", "livy_id": "7", "pool": "all",
                          "kind": "pyspark", "state": "idle", "runs": 0, "slots": 4, "age_s": 3723,
                          "statements": 12, "owner": 0, "mode": "process"},
                         {"type": "session", "id": 4, "name": "sparkspool-y", "livy_id": "8", "pool": "all",
                          "kind": "pyspark", "state": "busy", "runs": 1, "slots": 1, "age_s": 60, "statements": 2,
                          "mode": "interpreter", "why": "there is no fork here"}, {"type": "end"}])

    def do_watch(self, peer, request):
        jobs = [self.find(w) for w in request.get("jobs", [])] or list(self.jobs.values())
        if None in jobs:
            return self.error(peer, "not-found", "there is no such job")
        told = {}
        while True:
            with self.changed:
                if "jobs" not in request:
                    jobs = list(self.jobs.values())
                for job in jobs:
                    text = json.dumps(self.shown(job))
                    if told.get(job["id"]) != text:
                        told[job["id"]] = text
                        self.send(peer, [self.shown(job)])
                if "jobs" in request and all(j["state"] == "done" for j in jobs):
                    return self.send(peer, [{"type": "end"}])
                self.changed.wait(0.05)
                if self.listener is None:
                    raise OSError

    def do_ended(self, peer, request):
        after = request.get("after", str(len(self.ended)))
        if not after.isdigit():
            return self.error(peer, "bad-request", '"after" is not a cursor that was given')
        at = int(after)
        if at > len(self.ended):
            return self.error(peer, "not-found", "it is behind all that has ended")
        if "after" not in request:
            self.send(peer, [{"type": "cursor", "cursor": after}])
        self.followed += 1
        while True:
            with self.changed:
                while at < len(self.ended):
                    job = dict(self.shown(self.ended[at]), cursor=str(at + 1))
                    self.send(peer, [job])
                    at += 1
                if not request.get("follow"):
                    return self.send(peer, [{"type": "end"}])
                self.changed.wait(0.05)
                if self.listener is None:
                    raise OSError
