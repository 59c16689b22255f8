"""zygote: the process from which runs are forked. One thread, one loop, no Spark of its own.

It keeps children ready ahead of demand, hands files to them, carries their output to files, keeps
their limits and ends all that descends from them. What runs have in the JVM is the steward's work.
When the prelude goes away, everything ends.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections import OrderedDict, deque

import memory
import process
import procs
import results
import steward
import wire

CHECK_S = 0.5          # between two looks at the memory
CLOSE_WAIT_S = 5.0     # how long an end waits for the JVM's part of it
LEAVE_S = 5.0          # how long the steward may clean up when all ends
FAILURES_MAX = 3       # children that did not come to life before none is made ahead
PROGRESS_S = 1.0
STEWARDS_MAX = 3
ERRORS_MAX = 20         # of the loop itself, one after the other


class Run(object):
    def __init__(self, order):
        self.id = order["id"]
        self.directory = order["dir"]
        self.limits = order["limits"]
        self.started = time.monotonic()
        self.started_ms = int(time.time() * 1000)
        self.process = None
        self.why = None        # why it was killed
        self.killed = False
        self.error = self.sql = None
        self.warnings = []
        self.progress = 0.0
        self.finish_by = None  # ended, but for the JVM's part
        self.end = None
        self.kept = 0

    def run_ms(self):
        return int((time.monotonic() - self.started) * 1000)

    def due(self):
        """When the next thing about it is due, or None."""
        if self.end:
            return None
        if self.finish_by:
            return self.finish_by
        if self.limits["time_ms"] and not self.killed:
            return self.started + self.limits["time_ms"] / 1000.0
        return None

    def cut(self):
        if not self.process or not self.process.out:
            return {}
        return {"out": self.process.out.cut, "err": self.process.err.cut}

    def tell(self):
        if self.end:
            return {"state": "ended"}
        return {"state": "running", "run_ms": self.run_ms(), "started_ms": self.started_ms,
                "progress": self.progress, "cut": self.cut()}


class Zygote(object):
    def __init__(self, fd, conf):
        self.conf = conf
        self.prelude = wire.Wire(fd)
        self.steward = None
        self.steward_pid = 0
        self.budget = process.Budget(conf["keep_bytes"])
        self.mark_base = procs.mark_base()
        self.seq = 0
        self.processes = OrderedDict()  # seq: Process
        self.runs = {}                  # id: Run
        self.pending = deque()          # runs without a process
        self.call = None                # the call that waits for its answer
        self.failures = 0
        self.why_failed = ""
        self.stewards = 1
        self.late = []
        self.checked = self.asked = 0.0
        self.wake = os.pipe()

    # ---- birth -----------------------------------------------------------------------------------

    def start(self):
        process.adopt_orphans()
        for fd in self.wake:
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self.wake[1])
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self.start_steward()

    def own_fds(self):
        fds = [self.prelude.fd] + list(self.wake)
        if self.steward:
            fds.append(self.steward.fd)
        for each in self.processes.values():
            fds += each.fds()
        return fds

    def start_steward(self):
        """True in the steward itself, once it has nothing more to do."""
        ours, theirs = socket.socketpair()
        ours, theirs = ours.detach(), theirs.detach()
        to_close = self.own_fds() + [ours]
        pid = self.fork()
        if pid:
            os.close(theirs)
            self.steward, self.steward_pid = wire.Wire(ours), pid
            return False
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in to_close:
            os.close(fd)
        steward.main(theirs, self.conf["livy"])
        return True

    def fork(self):
        threads = process.count_threads()
        if threads != 1:
            raise RuntimeError("the zygote has %d threads: it does not fork" % threads)
        return os.fork()

    def free_slot(self):
        taken = {each.slot for each in self.processes.values()}
        return next(n for n in range(len(taken) + 1) if n not in taken)

    def top_up(self):
        """As many children on their way as are wanted."""
        spare = self.conf["spare"] if self.failures < FAILURES_MAX else 0
        unused = sum(1 for each in self.processes.values() if each.run is None and each.status is None)
        while self.steward and unused < spare + len(self.pending):
            self.seq += 1
            unused += 1
            directory = os.path.join(self.conf["base"], "work", str(self.seq))
            for name in ("work", "tmp", "spark"):
                os.makedirs(os.path.join(directory, name), 0o700)
            slot = self.free_slot()
            self.processes[self.seq] = process.Process(
                self.seq, slot, procs.mark_of(self.mark_base, self.seq), directory, self.budget)
            self.steward.send({"op": "open", "seq": self.seq, "slot": slot,
                               "dir": os.path.join(directory, "work")})

    def opened(self, answer):
        """The gateway stands: now the child. Returns its Birth in the child."""
        each = self.processes.get(answer["open"])
        if each is None:
            return None
        each.view = answer["view"]
        gateway = {"port": answer["port"], "token": answer["token"], "pinned": self.conf["livy"]["pinned"]}
        return each.fork(self.fork, gateway, self.own_fds())

    def failed(self, answer):
        self.why_failed = answer["why"]
        if answer["failed"] == "open":
            each = self.processes.pop(answer["args"][0], None)
            self.stillborn(each, "Spark gave it no session: " + answer["why"])
        elif answer["failed"] == "close":
            self.closed({"closed": answer["args"][0], "warnings": ["cleaning up in Spark: " + answer["why"]]})

    def stillborn(self, each, why):
        """A child that never came to be a run. If a run waits for one, it is that run's failure."""
        self.failures += 1
        self.why_failed = why
        if each:
            results.remove(each.directory)
        if self.pending and self.failures >= FAILURES_MAX:
            self.lost(self.pending.popleft(), why)

    # ---- runs ------------------------------------------------------------------------------------

    def running(self):
        return sum(1 for run in self.runs.values() if not run.end)

    def order(self, order):
        """None, or why it is refused."""
        if order["id"] in self.runs:
            return None
        if self.running() >= self.conf["slots"]:
            return "full"
        run = Run(order)
        self.runs[run.id] = run
        self.pending.append(run)
        return None

    def match(self):
        for each in list(self.processes.values()):
            if self.pending and each.ready and each.run is None and each.status is None:
                run = self.pending.popleft()
                each.run, run.process = run, each
                folder = os.path.join(run.directory, "result")
                each.out.open(os.path.join(folder, "out"), run.limits["out_bytes"])
                each.err.open(os.path.join(folder, "err"), run.limits["err_bytes"])
                each.control.send({"run": run.directory})

    def kill(self, run_id, why):
        run = self.runs.get(run_id)
        if run is None or run.end or run.killed:
            return
        run.killed, run.why = True, why
        if run.process:
            procs.kill(run.process.members(self.adopted()))
        else:
            self.pending.remove(run)
            self.finish(run, 130 if why == "cancelled" else 137, why)

    def adopted(self):
        known = {each.pid for each in self.processes.values()} | {self.steward_pid}
        return [pid for pid in procs.children_of(os.getpid()) if pid not in known]

    def drop(self, run_id):
        run = self.runs.get(run_id)
        if run is None or not run.end:
            return False
        self.budget.give(run.kept)
        del self.runs[run_id]
        return True

    # ---- ends ------------------------------------------------------------------------------------

    def reap(self):
        try:
            os.read(self.wake[0], 4096)
        except OSError:
            pass
        ended = self.collect_dead()
        for each in ended:
            self.ended(each)

    def collect_dead(self):
        by_pid = {each.pid: each for each in self.processes.values() if each.pid}
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid in by_pid:
                by_pid[pid].status = status
                ended.append(by_pid[pid])
            elif pid == self.steward_pid:
                self.steward_pid = 0
        return ended

    def end_members(self, each):
        """All that is left of it. New ones may come while it looks, so it looks again."""
        for attempt in range(200):
            alive = [pid for pid in each.members(self.adopted()) if not procs.is_zombie(pid)]
            if not alive:
                return
            procs.kill(alive)
            time.sleep(0.001)
            for other in self.collect_dead():
                self.late.append(other)

    def ended(self, each):
        self.late = []
        self.end_members(each)
        self.hear(each)
        for pump in (each.out, each.err):
            while pump.fd >= 0 and pump.pump():
                pass
            pump.close_pipe()
        self.close_view(each)
        run = each.run
        if run is None:
            self.stillborn(None, (each.err.tail or each.out.tail).decode("utf-8", "replace")[-1000:])
        else:
            run.finish_by = time.monotonic() + CLOSE_WAIT_S
            if not self.steward:
                self.settle(run)
        for other in self.late:
            self.ended(other)

    def close_view(self, each):
        if self.steward:
            self.steward.send({"op": "close", "seq": each.seq, "view": each.view})
        else:
            self.forget(each)

    def again(self):
        """What a steward before this one has not finished."""
        for each in self.processes.values():
            if each.status is not None:
                self.close_view(each)

    def closed(self, answer):
        each = self.processes.get(answer["closed"])
        if each is None:
            return
        if each.run and not each.run.end:
            each.run.warnings += answer["warnings"]
            self.settle(each.run)
        self.forget(each)

    def forget(self, each):
        each.forget()
        results.remove(each.directory)
        self.processes.pop(each.seq, None)

    def settle(self, run):
        """The process is gone and the JVM is clean, or has had its time."""
        status = run.process.status
        signalled = os.WIFSIGNALED(status)
        why = run.why if run.killed and signalled else "signal" if signalled else "exit"
        self.finish(run, process.exit_code_of(status), why)

    def finish(self, run, exit_code, why):
        left = []
        if run.process:
            left, words = results.take_left(
                os.path.join(run.process.directory, "work"), run.directory, run.limits, self.budget)
            run.warnings += words
            run.kept += run.process.out.bytes + run.process.err.bytes
        files = results.listing(run.directory, run.cut()) + left
        run.kept += sum(entry["bytes"] for entry in left)
        run.end = {
            "exit_code": exit_code, "why": why, "error": run.error, "warnings": run.warnings[:100],
            "sql": run.sql, "run_ms": run.run_ms(), "started_ms": run.started_ms, "files": files,
        }
        results.write_end(run.directory, run.end)
        results.remove(os.path.join(run.directory, "src"))

    # ---- what children say -----------------------------------------------------------------------

    def hear(self, each):
        for message in each.control.receive():
            if "ready" in message:
                each.ready = True
                self.failures = 0
            if each.run:
                run = each.run
                run.error = message.get("error", run.error)
                run.sql = message.get("sql", run.sql)
                if "warning" in message and len(run.warnings) < 100:
                    run.warnings.append(message["warning"][:2000])

    # ---- limits ----------------------------------------------------------------------------------

    def keep_limits(self):
        now = time.monotonic()
        for run in list(self.runs.values()):
            due = run.due()
            if due is not None and due <= now:
                if run.finish_by:
                    run.warnings.append("Spark was still cleaning up after this file %d s after its end" % CLOSE_WAIT_S)
                    self.settle(run)
                else:
                    self.kill(run.id, "timeout")
        if now - self.checked >= CHECK_S:
            self.checked = now
            self.keep_memory()

    def keep_memory(self):
        live = [run for run in self.runs.values() if run.process and not run.killed and run.process.status is None]
        if not live:
            return
        adopted = self.adopted()
        for run_id in memory.to_end({run.id: run.process.members(adopted) for run in live}, self.conf):
            self.kill(run_id, "memory")

    def timeout_s(self):
        due = [run.due() for run in self.runs.values() if run.due() is not None]
        if any(run.process and not run.end for run in self.runs.values()):
            due.append(self.checked + CHECK_S)
        if self.call:
            due.append(self.call["until"])
        return max(0.0, min(due) - time.monotonic()) if due else 30.0

    # ---- calls -----------------------------------------------------------------------------------

    def take_call(self, call):
        refused = []
        for order in call["start"]:
            why = self.order(order)
            if why:
                refused.append([order["id"], why])
        self.match()
        for run_id, why in call["kill"]:
            self.kill(run_id, why)
        call["refused"] = refused
        call["dropped"] = [run_id for run_id in call["drop"] if self.drop(run_id)]
        call["until"] = time.monotonic() + call["wait_ms"] / 1000.0
        self.call = call
        self.ask_progress()

    def answer(self):
        """Once something that was asked for has ended, or the time is up."""
        call = self.call
        if call is None:
            return
        known = [self.runs[run_id] for run_id in call["ask"] if run_id in self.runs]
        if time.monotonic() < call["until"] and not any(run.end for run in known):
            return
        self.call = None
        self.prelude.send({
            "call": call["call"], "refused": call["refused"], "dropped": call["dropped"],
            "runs": {run.id: run.tell() for run in known},
            "free": max(0, self.conf["slots"] - self.running()),
        })

    def ask_progress(self):
        """The answer comes later: it is for the next call."""
        live = [run.process.seq for run in self.runs.values() if run.process and not run.end]
        now = time.monotonic()
        if self.steward and live and now - self.asked >= PROGRESS_S:
            self.asked = now
            self.steward.send({"op": "progress", "seqs": live})

    def progressed(self, progress):
        for run in self.runs.values():
            if run.process and not run.end:
                run.progress = progress.get(str(run.process.seq), 0.0)

    # ---- the loop --------------------------------------------------------------------------------

    def from_steward(self):
        """A Birth, in a child."""
        for message in self.steward.receive():
            if "open" in message:
                birth = self.opened(message)
                if birth:
                    return birth
            elif "closed" in message:
                self.closed(message)
            elif "progress" in message:
                self.progressed(message["progress"])
            elif "steward" in message:
                self.conf["livy"]["own"] = message["own"]
                self.again()
                self.prelude.send({"up": message["spark"], "own": message["own"]})
            elif "failed" in message:
                self.failed(message)
                if message["failed"] == "connect":
                    self.prelude.send({"up": None, "why": message["why"]})
        return None

    def lose_steward(self):
        """Another one finds what the first has made: it is all in the JVM."""
        print("the steward has died", file=sys.stderr)
        self.steward.close()
        self.steward = None
        for each in list(self.processes.values()):
            if not each.pid:
                self.processes.pop(each.seq)
                results.remove(each.directory)
        self.stewards += 1
        if self.stewards > STEWARDS_MAX or not self.conf["livy"].get("own"):
            self.give_up_steward()
            return False
        return self.start_steward()

    def give_up_steward(self):
        for each in list(self.processes.values()):
            if each.status is not None:
                self.closed({"closed": each.seq, "warnings": ["the runner lost its hold of Spark: not cleaned up"]})
        while self.pending:
            self.lost(self.pending.popleft(), "the runner has lost its hold of Spark")

    def lost(self, run, why):
        run.error = {"name": "CannotAttach", "message": why[:2000], "line": None, "statement": None}
        self.finish(run, 70, "died")

    def sources(self):
        """{descriptor: what to do with it}"""
        found = {self.prelude.fd: self.from_prelude, self.wake[0]: self.reap}
        for each in self.processes.values():
            if each.control and not each.control.closed:
                found[each.control.fd] = lambda each=each: self.hear(each)
            for pump in (each.out, each.err):
                if pump and pump.fd >= 0:
                    found[pump.fd] = pump.pump
        return found

    def from_prelude(self):
        for message in self.prelude.receive():
            self.take_call(message)

    def turn(self):
        """A Birth, in a child."""
        sources = self.sources()
        poll = select.poll()
        for fd in sources:
            poll.register(fd, select.POLLIN)
        for channel in (self.prelude, self.steward):
            if channel:
                poll.register(channel.fd, select.POLLIN | (select.POLLOUT if channel.pending() else 0))
        for fd, event in poll.poll(int(self.timeout_s() * 1000) + 1):
            if fd in sources:
                sources[fd]()
        self.prelude.flush()
        if self.steward:
            self.steward.flush()
            birth = self.from_steward()
            if birth:
                return birth
            if self.steward.closed and self.lose_steward():
                sys.exit(0)  # this is the other steward, at its end
        self.match()
        self.keep_limits()
        self.top_up()
        self.answer()
        return None

    def serve(self):
        """Until the prelude has gone. Returns a Birth in a child, None in the zygote."""
        errors = 0
        while not self.prelude.closed:
            try:
                birth = self.turn()
                errors = 0
            except Exception:
                traceback.print_exc()
                errors += 1
                if errors > ERRORS_MAX:
                    raise
                time.sleep(0.05)
                continue
            if birth:
                return birth
        self.leave()
        return None

    def leave(self):
        self.late = []
        for each in list(self.processes.values()):
            self.end_members(each)
        if self.steward:
            self.steward.close()
        end = time.monotonic() + LEAVE_S
        while self.steward_pid and time.monotonic() < end:
            self.collect_dead()
            time.sleep(0.02)
        if self.steward_pid:
            procs.kill([self.steward_pid])
        results.remove(self.conf["base"])


PRELOADED = ("py4j.clientserver", "pyspark.sql.functions", "pyspark.sql.types", "pyspark.streaming",
             "child", "figures", "notebook", "sqlscript")


def preload():
    """What a child needs, so that it has it already. Nothing of it may start a thread."""
    for name in PRELOADED:
        try:
            __import__(name)
        except ImportError as e:
            print("not preloaded: %s" % e, file=sys.stderr)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # what all children share stays shared: no collection writes to it


def main(fd, conf):
    """Returns a Birth in a child; in the zygote it ends the process."""
    zygote = Zygote(fd, conf)
    try:
        preload()
        if zygote.start():
            sys.exit(0)
        birth = zygote.serve()
    except Exception:
        traceback.print_exc()
        os._exit(1)
    if birth is None:
        sys.exit(0)
    return birth
