"""zygote: the process from which runs are forked. One thread, one loop, no Spark of its own.

It keeps children ready ahead of demand, hands files to them, carries their output to files, keeps
their limits and ends all that descends from them. What runs have in the JVM is the steward's work.
When the prelude goes away, everything ends.
"""

import gc
import os
import select
import sys
import time
from collections import deque

import family
import log
import memory
import process
import procs
import results
import wire
from run import Run

CHECK_S = 0.5          # between two looks at the memory
CLOSE_WAIT_S = 5.0     # how long an end waits for the JVM's part of it
LEAVE_S = 5.0          # how long the steward may clean up when all ends
FAILURES_MAX = 3       # children that did not come to life before none is made ahead
PROGRESS_S = 1.0
CONTROL_BYTES_MAX = 1 << 20
ERRORS_MAX = 20         # of the loop itself, one after the other


class Zygote(family.Family):
    def __init__(self, fd, conf):
        family.Family.__init__(self, conf)
        self.prelude = wire.Wire(fd)
        self.runs = {}                  # id: Run
        self.pending = deque()          # runs without a process
        self.call = None                # the call that waits for its answer
        self.warnings = []              # of the steward, when it came to life
        self.is_up = False              # a child has come to life: the prelude has been told
        self.checked = self.asked = 0.0
        self.is_given_up = False        # there is no way to Spark any more

    # ---- births ----------------------------------------------------------------------------------

    def own_fds(self):
        return family.Family.own_fds(self) + [self.prelude.fd]

    def top_up(self):
        """As many children on their way as are wanted."""
        spare = self.conf["spare"] if self.failures < FAILURES_MAX else 0
        if not self.is_up and self.failures < FAILURES_MAX:
            spare = max(1, spare)  # one shows that it can be done
        unused = sum(1 for each in self.processes.values() if each.run is None and each.status is None)
        while self.steward and unused < spare + len(self.pending):
            unused += 1
            if time.monotonic() >= self.rest_until and not self.conceive():
                return

    def failed(self, answer):
        if answer["failed"] == "open":
            each = self.processes.pop(answer["args"][0], None)
            if each:
                self.remove(each.directory)
            self.stillborn("Spark gave it no session: " + answer["why"])
        elif answer["failed"] == "close":
            self.closed({"closed": answer["args"][0], "warnings": ["cleaning up in Spark: " + answer["why"]]})

    def stillborn(self, why):
        """A child that never came to be a run. If a run waits for one, it is that run's failure."""
        log.say("a child did not come to life: %s" % why)
        self.failures += 1
        self.rest_until = time.monotonic() + family.REST_S
        if self.failures >= FAILURES_MAX and not self.is_up:
            self.prelude.send({"up": None, "why": why})
        if self.pending and self.failures >= FAILURES_MAX:
            self.lost(self.pending.popleft(), why)

    def lost(self, run, why):
        run.error = {"name": "CannotAttach", "message": why[:2000], "line": None, "statement": None}
        run.finish(70, "died", self.budget)

    def give_up_steward(self):
        """Nothing can be started any more. What runs may run on; then the zygote ends, by which the
        prelude knows."""
        self.is_given_up = True
        for each in list(self.processes.values()):
            if each.status is not None:
                self.closed({"closed": each.seq, "warnings": ["the runner lost its hold of Spark: not cleaned up"]})
        while self.pending:
            self.lost(self.pending.popleft(), "the runner has lost its hold of Spark")

    def tell_up(self):
        if not self.is_up:
            self.is_up = True
            self.prelude.send({"up": True, "own": self.conf["livy"].get("own"), "warnings": self.warnings})

    def hear(self, each):
        for message in self.words_of(each):
            if "ready" in message and not each.run:
                each.ready = True
                self.failures = 0
                self.tell_up()
            if each.run:
                each.run.hear(message)

    def words_of(self, each):
        """A file may write to any descriptor it finds: what is no message ends the talk with it,
        and nothing else."""
        try:
            messages = each.control.receive(CONTROL_BYTES_MAX)
        except (ValueError, RecursionError):
            each.control.close()
            return []
        return [message for message in messages if isinstance(message, dict)]

    # ---- runs ------------------------------------------------------------------------------------

    def running(self):
        return sum(1 for run in self.runs.values() if not run.end)

    def order(self, order):
        """None, or why it is refused."""
        if order["id"] in self.runs:
            return None
        if self.is_given_up or self.running() >= self.conf["slots"]:
            return "full"
        run = Run(order)
        self.runs[run.id] = run
        self.pending.append(run)
        return None

    def match(self):
        for each in list(self.processes.values()):
            if self.pending and each.ready and each.run is None and each.status is None:
                run = self.pending.popleft()
                try:
                    each.open_outputs(run)
                except OSError as e:
                    self.lost(run, "no room for its output: %s" % e)
                    continue
                each.run, run.process = run, each
                each.control.send({"run": run.directory})

    def kill(self, run_id, why):
        run = self.runs.get(run_id)
        if run is None or run.end or run.killed:
            return
        run.killed, run.why = True, why
        if run.process:
            self.end_seen(run.process)
        else:
            self.pending.remove(run)
            run.finish(130 if why == "cancelled" else 137, why, self.budget)

    def drop(self, run_id):
        run = self.runs.get(run_id)
        if run is None or not run.end:
            return False
        self.budget.give(run.kept)
        del self.runs[run_id]
        return True

    # ---- ends ------------------------------------------------------------------------------------

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
            self.stillborn((each.err.tail or each.out.tail).decode("utf-8", "replace")[-1000:])
        else:
            run.finish_by = time.monotonic() + CLOSE_WAIT_S
            if not self.steward:
                self.settle(run)
        for other in self.late:
            self.ended(other)

    def closed(self, answer):
        each = self.processes.get(answer["closed"])
        if each is None:
            return
        if each.run and not each.run.end:
            each.run.warnings += answer["warnings"]
            self.settle(each.run)
        self.forget(each)

    def settle(self, run):
        """The process is gone and the JVM is clean, or has had its time."""
        status = run.process.status
        signalled = os.WIFSIGNALED(status)
        why = run.why if run.killed and signalled else "signal" if signalled else "exit"
        run.finish(process.exit_code_of(status), why, self.budget)

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
        if self.rest_until > time.monotonic():
            due.append(self.rest_until)
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
            "free": 0 if self.is_given_up else max(0, self.conf["slots"] - self.running()),
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
                self.warnings = message.get("warnings", [])
                self.again()
            elif "failed" in message:
                self.failed(message)
                if message["failed"] == "connect" and not self.is_up:
                    self.prelude.send({"up": None, "why": message["why"]})
        return None

    def from_prelude(self):
        for message in self.prelude.receive():
            self.take_call(message)

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
                log.say_error()
                errors += 1
                if errors > ERRORS_MAX:
                    raise
                time.sleep(0.05)
                continue
            if birth:
                return birth
            if self.is_given_up and not self.call and not self.running():
                log.say("the runner has lost its hold of Spark")
                os._exit(1)  # and leaves what the runs have given
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
            log.say("not preloaded: %s" % e)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # what all children share stays shared: no collection writes to it


def give_back(environment):
    """What the zygote was born without, and the runs are to have."""
    for name, value in environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def main(fd, conf):
    """Returns a Birth in a child; in the zygote it ends the process."""
    zygote = Zygote(fd, conf)
    try:
        preload()
        give_back(conf["environment"])
        if zygote.start():
            sys.exit(0)
        birth = zygote.serve()
    except Exception:
        log.say_error()
        os._exit(1)
    if birth is None:
        sys.exit(0)
    return birth
