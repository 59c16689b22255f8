"""prelude: the runner's part in Livy's interpreter: it starts the zygote, carries calls to it, and
reads results. Its standard output is Livy's line protocol, so no child may inherit 0, 1 or 2.

It knows by itself which runs there were: when the zygote has died, their output can still be told.
"""

import atexit
import base64
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import interpreter
import memory
import modules
import process
import procs
import request
import results
import wire

UP_S = 120.0           # until the zygote and the steward stand
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SLACK_S = 60.0         # beyond the wait that was asked for, until the zygote counts as dead
LOG_TAIL = 2000

_START = """
import json, os, struct, sys
def take(n):
    data = b""
    while len(data) < n:
        more = os.read(int(sys.argv[1]), n - len(data))
        if not more:
            os._exit(1)
        data += more
    return data
first = json.loads(take(struct.unpack(">I", take(4))[0]).decode("ascii"))
sys.path[:] = first["path"]
import base64, types
loader = types.ModuleType("_sparkspool")
exec(compile(base64.b64decode(first["sources"]["loader"]), "<sparkspool>/loader.py", "exec"), loader.__dict__)
loader.use(first["sources"])
sys.modules["_sparkspool"] = loader
birth = loader.module("zygote").main(int(sys.argv[1]), first["conf"])
loader.module("child").live(birth)
"""


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


# ---- what is found in Livy's interpreter ---------------------------------------------------------


def livy_of(scope):
    """How another process reaches the JVM, by way of `sc` alone."""
    sc, spark = scope["sc"], scope.get("spark")
    gateway = sc._gateway
    parameters = getattr(gateway, "gateway_parameters", None) or gateway.java_parameters
    if spark is None:
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
    return {
        "address": parameters.address, "port": parameters.port,
        "token": getattr(parameters, "auth_token", None),
        "jsc": sc._jsc._target_id, "session": spark._jsparkSession._target_id,
        "pinned": is_pinned(sc.version),
    }


def is_pinned(version):
    """As a program of this Spark would have it: each thread of Python with a thread of the JVM."""
    given = os.environ.get("PYSPARK_PIN_THREAD")
    if given is not None:
        return given.lower() == "true"
    return tuple(int(part) for part in version.split(".")[:2]) >= (3, 2)


def path_of_programs(sc):
    """sys.path without what is the interpreter's own: its script's directory, Spark's files."""
    from pyspark import SparkFiles
    own = {"", os.path.dirname(sys.argv[0]) if sys.argv and sys.argv[0] else "", SparkFiles.getRootDirectory()}
    path = [entry for entry in sys.path if isinstance(entry, str) and entry not in own]
    archives = spark_archives(os.environ.get("SPARK_HOME", ""))
    return archives + [entry for entry in path if entry not in archives]


def spark_archives(home):
    """Where spark-submit lets programs find pyspark; Livy may have brought a copy of its own."""
    library = os.path.join(home, "python", "lib")
    py4j = sorted(glob.glob(os.path.join(library, "py4j-*-src.zip")))
    archive = os.path.join(library, "pyspark.zip")
    return [archive] + py4j[:1] if home and py4j and os.path.exists(archive) else []


def environment(settings):
    """What spark-submit gives a program, as far as it can be told, and what of it is not for the
    zygote: pyspark imports numpy, whose threads begin with it, and with threads nothing is forked."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYSPARK_GATEWAY_")}
    env["PYTHONUNBUFFERED"] = "YES"
    env.setdefault("PYTHONHASHSEED", "0")
    env.setdefault("OMP_NUM_THREADS", settings.get("spark.driver.cores", "1"))
    if sys.version_info < (3, 7):
        env.setdefault("PYTHONIOENCODING", "utf-8")
    kept = {name: env.get(name) for name in THREADS}
    env.update({name: "1" for name in THREADS})
    return env, kept


# ---- the zygote from here ------------------------------------------------------------------------


class Zygote(object):
    def __init__(self, base, sources, conf, path, env):
        self.log = os.path.join(base, "zygote.log")
        self.count = 0
        ours, theirs = socket.socketpair()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno())], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, pass_fds=[theirs.fileno()], env=env, cwd=base, start_new_session=True)
        finally:
            os.close(log)
            theirs.close()
        self.wire = wire.Wire(ours.detach())
        self.wire.send({"sources": sources, "conf": conf, "path": path})

    def receive(self, wanted, limit_s):
        """The message that `wanted` is true of. None: the zygote is dead, or as good as."""
        end = time.monotonic() + limit_s
        while True:
            for message in self.wire.receive():
                if wanted(message):
                    return message
            left = end - time.monotonic()
            if self.wire.closed or left <= 0:
                return None
            self.wire.wait(left)

    def ask(self, call):
        self.count += 1
        count = self.count
        self.wire.send(dict(call, call=count))
        return self.receive(lambda message: message.get("call") == count, call["wait_ms"] / 1000.0 + SLACK_S)

    def end(self):
        """Its children die with it."""
        self.wire.close()
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()

    def end_orphans(self):
        """What its runs have started and it cannot end any more: all of them have become children of
        this process (adopt_orphans), and bear a run's mark."""
        base = procs.mark_base()
        for attempt in range(200):
            roots = [pid for pid in procs.children_of(os.getpid()) if procs.is_mark(procs.mark_on(pid), base)]
            alive = [pid for pid in procs.tree_of(roots) if not procs.is_zombie(pid)]
            for pid in roots:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass  # where SIGCHLD is ignored nothing waits to be asked after
            if not alive:
                return
            procs.kill(alive)
            time.sleep(0.001)

    def last_words(self):
        try:
            with open(self.log, "rb") as f:
                f.seek(max(0, os.path.getsize(self.log) - LOG_TAIL))
                return f.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""


# ---- the runner ----------------------------------------------------------------------------------


class Runner(object):
    def __init__(self, conf, scope):
        self.conf = conf
        self.scope = scope
        self.id = base64.b16encode(os.urandom(16)).decode("ascii").lower()
        self.base = tempfile.mkdtemp(prefix="sparkspool-")
        self.pid = os.getpid()
        self.known = set()       # ids of runs that were given to the zygote and are not forgotten
        self.forgotten = set()   # acknowledged
        self.cancelled = set()   # killed before they came
        self.barred = set()      # were never started, and never will be
        self.refused = {}        # the same, in our words: a start on its way may still come, with the cause gone
        self.zygote = None
        self.dead = False
        self.last_words = ""     # of a dead zygote
        self.why = ""
        self.warnings = []
        self.interpreter = None
        self.ends = {}           # of the runs that it has carried out
        self.own_gateway = None  # the steward's, for those who want to look
        self.modules = modules.Modules(os.path.join(self.base, "modules"))
        atexit.register(self.leave)

    def leave(self):
        if os.getpid() == self.pid and (self.zygote is None or self.dead):
            shutil.rmtree(self.base, ignore_errors=True)

    # ---- boot ------------------------------------------------------------------------------------

    def start(self, sources):
        os.mkdir(os.path.join(self.base, "runs"))
        try:
            self.start_zygote(sources)
        except Exception as e:
            self.fall_back("%s: %s" % (type(e).__name__, e))

    def start_zygote(self, sources):
        if self.scope.get("sc") is None:
            return self.fall_back("there is no sc in this interpreter")
        if not sys.executable or not hasattr(os, "fork") or not os.path.exists("/proc/self/task"):
            return self.fall_back("no process can be forked here")
        sc = self.scope["sc"]
        settings = dict(sc.getConf().getAll())
        env, kept = environment(settings)
        conf = dict(self.conf, base=self.base, livy=livy_of(self.scope), environment=kept,
                    container_bytes=memory.container(settings), container_pid=os.getppid())
        self.warnings += memory.warnings(settings, conf["slots"], conf["memory_bytes"])
        self.warnings += warnings_on(settings)
        process.adopt_orphans()
        self.zygote = Zygote(self.base, sources, conf, path_of_programs(sc), env)
        up = self.zygote.receive(lambda message: "up" in message, UP_S)
        if up is None or up["up"] is None:
            why = "no process came to life: " + (up["why"] if up else self.zygote.last_words() or "no word of it")
            self.zygote.end()
            self.fall_back(why)
        else:
            self.own_gateway = up["own"]
            self.warnings += up["warnings"]

    def fall_back(self, why):
        self.zygote = None
        self.why = why[:LOG_TAIL]
        self.interpreter = interpreter.Interpreter(self.scope)

    def standing(self):
        sc = self.scope.get("sc")
        return {
            "sparkspool": request.VERSION, "mode": "interpreter" if self.interpreter else "process", "why": self.why,
            "python": "%d.%d.%d" % sys.version_info[:3], "spark": sc.version if sc is not None else "",
            "boot": self.id, "code": self.conf["code"], "warnings": self.warnings,
        }

    # ---- a call ----------------------------------------------------------------------------------

    def call(self, asked):
        request.version(asked)
        wait_ms = request.number(asked.get("wait_ms", 0), 0, request.WAIT_MS_MAX, "wait_ms")
        most = request.number(asked.get("data_bytes_max", request.DATA_BYTES_MAX), 0, 1 << 60, "data_bytes_max")
        polled = [request.polled(entry) for entry in request.entries(asked, "poll")]
        lost = self.put(request.entries(asked, "put"))
        refused, missing, orders = [], [], []
        for entry in request.entries(asked, "start"):
            self.prepare(entry, orders, missing, refused, lost)
        for run_id in request.entries(asked, "bar"):
            self.bar(run_id)
        kills = [each for each in request.entries(asked, "kill") if self.is_alive_to(each)]
        acks = [run_id for run_id in request.entries(asked, "ack") if run_id in self.known]
        told = self.ask(orders, kills, acks, [each["id"] for each in polled], wait_ms)
        for run_id, why in told["refused"]:
            self.forget(run_id)
            refused.append({"id": run_id, "why": why})
        return {
            "sparkspool": request.VERSION, "tag": asked.get("tag"), "boot": self.id, "dead": self.dead,
            "runs": self.tell(polled, told["runs"], min(most, request.DATA_BYTES_MAX)),
            "missing": missing, "refused": refused, "free": told["free"],
        }

    def directory(self, run_id):
        return os.path.join(self.base, "runs", run_id)

    def put(self, entries):
        """{hash: why it cannot be kept}. The files that need it are told so, and no others: a call speaks
        of all that run in the session."""
        lost = {}
        for each in entries:
            try:
                self.modules.put(each)
            except (request.Malformed, OSError, ValueError) as e:
                if not isinstance(each, dict) or not request.is_hash(each.get("hash")):
                    raise
                lost[each["hash"]] = "its helper modules: %s" % e
        return lost

    def prepare(self, entry, orders, missing, refused, lost):
        """What a run needs is on the disk before the zygote hears of it."""
        run_id = entry.get("id") if isinstance(entry, dict) else None
        if run_id in self.known or run_id in self.forgotten or run_id in self.cancelled or run_id in self.barred:
            return
        if run_id in self.refused:
            refused.append({"id": run_id, "why": self.refused[run_id]})
            return
        try:
            if self.dead:
                raise request.Malformed("dead")
            spec = request.run(entry)
            if spec["modules"] and not self.modules.has(spec["modules"]):
                request.need(spec["modules"] not in lost, lost.get(spec["modules"]))
                if spec["modules"] not in missing:
                    missing.append(spec["modules"])
                return
            self.write(spec)
        except (request.Malformed, OSError, ValueError) as e:
            refused.append({"id": run_id, "why": str(e)[:500]})
            if not self.dead and request.is_id(run_id):
                self.refused[run_id] = str(e)[:500]
            return
        self.known.add(run_id)
        orders.append({"id": run_id, "dir": self.directory(run_id), "limits": spec["limits"]})

    def write(self, spec):
        directory = self.directory(spec["id"])
        try:
            code = base64.b64decode(spec.pop("code"), validate=True)
            results.make(directory)
            with open(os.path.join(directory, "src", spec["name"]), "wb") as f:
                f.write(code)
            if spec["modules"]:
                spec["modules"] = self.modules.places(spec["modules"])
            results.write_json(os.path.join(directory, "spec.json"), spec)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise

    def bar(self, run_id):
        request.need(request.is_id(run_id), "bar: an id is not 32 hexadecimal digits")
        if not any(run_id in each for each in (self.known, self.forgotten, self.cancelled, self.refused)):
            self.barred.add(run_id)

    def is_alive_to(self, each):
        """A kill of a run that is there. One that has never been seen will not start any more."""
        request.need(isinstance(each, dict) and request.is_id(each.get("id")), "kill: id is not 32 hexadecimal digits")
        request.need(each.get("why") in ("cancelled", "timeout"), "kill: why is neither cancelled nor timeout")
        if each["id"] in self.known:
            return True
        if each["id"] not in self.forgotten and each["id"] not in self.refused:
            self.cancelled.add(each["id"])
        return False

    def forget(self, run_id):
        self.known.discard(run_id)
        shutil.rmtree(self.directory(run_id), ignore_errors=True)

    def acknowledged(self, run_id):
        self.forgotten.add(run_id)
        self.forget(run_id)

    # ---- asking the zygote -----------------------------------------------------------------------

    def ask(self, orders, kills, acks, asked, wait_ms):
        if self.interpreter:
            return self.ask_interpreter(orders, acks)
        told = None
        if not self.dead:
            told = self.zygote.ask({
                "start": orders, "kill": [[each["id"], each["why"]] for each in kills], "drop": acks,
                "ask": asked, "wait_ms": wait_ms})
            if told is None:
                self.bury()
        if told is None:
            told = {"refused": [], "dropped": acks, "runs": {}, "free": 0}
        for run_id in told["dropped"]:
            self.acknowledged(run_id)
        return told

    def ask_interpreter(self, orders, acks):
        for order in orders:
            self.ends[order["id"]] = {"end": self.interpreter.run(order)}
        for run_id in acks:
            self.ends.pop(run_id, None)
            self.acknowledged(run_id)
        return {"refused": [], "dropped": acks, "runs": self.ends, "free": 1}

    def bury(self):
        """The zygote has died, and its runs with it."""
        self.dead = True
        self.zygote.end()
        self.zygote.end_orphans()
        self.last_words = self.zygote.last_words()[-300:]

    def end_by_death(self, run_id):
        """Not written down: there may be no room, or no directory any more."""
        return {
            "exit_code": 137, "why": "died", "error": None, "sql": None, "run_ms": 0, "started_ms": 0,
            "warnings": ["the runner's process died" + (": " + self.last_words if self.last_words else "")],
            "files": results.listing(self.directory(run_id), {})}

    # ---- telling ---------------------------------------------------------------------------------

    def tell(self, polled, live, most):
        told = []
        for each in polled:
            state = self.state_of(each["id"], live.get(each["id"]))
            if each["id"] in self.known:
                state["data"] = []
                for name in each["at"]:
                    data = results.read(self.directory(each["id"]), name, each["at"][name], most)
                    most -= len(data)
                    state["data"].append({"name": name, "at": each["at"][name],
                                          "data": base64.b64encode(data).decode("ascii")})
            told.append(state)
        return told

    def state_of(self, run_id, live):
        if run_id in self.forgotten:
            return {"id": run_id, "state": "forgotten"}
        if run_id in self.barred or run_id in self.refused:
            return {"id": run_id, "state": "barred"}
        if run_id in self.cancelled:
            return {"id": run_id, "state": "ended", "run_ms": 0, "started_ms": 0, "progress": 0.0, "files": [],
                    "data": [], "exit_code": 130, "why": "cancelled", "error": None, "warnings": [], "sql": None}
        if run_id not in self.known:
            return {"id": run_id, "state": "unknown"}
        end = live.get("end") if live else results.end_of(self.directory(run_id))
        if end is None and self.dead:
            end = self.end_by_death(run_id)
        if end is not None:
            return dict(end, id=run_id, state="ended", progress=1.0)
        live = live or {}
        return {"id": run_id, "state": "running", "run_ms": live.get("run_ms", 0),
                "started_ms": live.get("started_ms", 0), "progress": live.get("progress", 0.0),
                "files": results.listing(self.directory(run_id), live.get("cut", {}))}


def warnings_on(settings):
    """Settings of the session without which runs are less apart than they could be."""
    found = []
    if settings.get("spark.scheduler.mode", "FIFO").upper() != "FAIR":
        found.append("spark.scheduler.mode is not FAIR: one file's jobs can hold up the others'")
    return found


# ---- the two doors -------------------------------------------------------------------------------

_runner = None


def answered(function, *args):
    try:
        return dumps(function(*args))
    except (request.Malformed, ValueError) as e:
        return dumps({"sparkspool": request.VERSION, "error": str(e)[:2000]})
    except Exception as e:
        return dumps({"sparkspool": request.VERSION, "error": "%s: %s" % (type(e).__name__, str(e)[:2000])})


def boot(text, scope):
    def stand():
        global _runner
        conf = request.boot(json.loads(text))
        if _runner is None:
            _runner = Runner(conf, scope)
            _runner.start(sys.modules["_sparkspool"].sources)
        return _runner.standing()
    return answered(stand)


def call(text):
    def carry():
        request.need(_runner is not None, "not booted")
        return _runner.call(json.loads(text))
    return answered(carry)
