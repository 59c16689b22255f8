"""family: the processes around the zygote: the steward, the children, and what descends from them.

Who inherits from it says what a death means: stillborn, ended, lost and give_up_steward are its.
"""

import os
import signal
import socket
import time
from collections import OrderedDict

import log
import process
import procs
import results
import steward
import wire

REST_S = 0.5           # after a birth that failed
ENDING_S = 30          # what is not gone by then runs on
STEWARDS_MAX = 3


class Family(object):
    def __init__(self, conf):
        self.conf = conf
        self.steward = None             # the way to it
        self.steward_pid = 0
        self.stewards = 1
        self.seq = 0
        self.processes = OrderedDict()  # seq: Process
        self.removers = set()           # processes that remove what another one left
        self.late = []                  # those that died while another one's end was seen to
        self.failures = 0               # births that failed, one after the other
        self.rest_until = 0.0           # after one, none is tried for a while
        self.budget = process.Budget(conf["keep_bytes"])
        self.mark_base = procs.mark_base()
        self.wake = os.pipe()

    # ---- the two kinds of children ---------------------------------------------------------------

    def start(self):
        process.adopt_orphans()
        for fd in self.wake:
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self.wake[1])
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self.start_steward()

    def own_fds(self):
        """Those that no child may hold."""
        fds = list(self.wake)
        if self.steward:
            fds.append(self.steward.fd)
        for each in self.processes.values():
            fds += each.fds()
        return fds

    def fork(self):
        threads = process.count_threads()
        if threads != 1:
            raise RuntimeError("the zygote has %d threads: it does not fork" % threads)
        return os.fork()

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

    def lose_steward(self):
        """Another one finds what the first has made: it is all in the JVM."""
        log.say("the steward has died")
        self.steward.close()
        self.steward = None
        for each in list(self.processes.values()):
            if not each.pid:
                self.processes.pop(each.seq)
                self.remove(each.directory)
        self.stewards += 1
        if self.stewards > STEWARDS_MAX or not self.conf["livy"].get("own"):
            self.give_up_steward()
            return False
        try:
            return self.start_steward()
        except (OSError, RuntimeError) as e:
            log.say("there is no other one: %s" % e)
            self.give_up_steward()
            return False

    def again(self):
        """What a steward before this one has not finished."""
        for each in self.processes.values():
            if each.status is not None:
                self.close_view(each)

    # ---- births ----------------------------------------------------------------------------------

    def free_slot(self):
        taken = {each.slot for each in self.processes.values()}
        return next(n for n in range(len(taken) + 1) if n not in taken)

    def conceive(self):
        """A child to be: it has a directory and asks for a gateway."""
        self.seq += 1
        directory = os.path.join(self.conf["base"], "work", str(self.seq))
        try:
            for name in ("work", "tmp", "spark"):
                os.makedirs(os.path.join(directory, name), 0o700)
        except OSError as e:
            self.stillborn("no directory for it: %s" % e)
            return False
        slot = self.free_slot()
        self.processes[self.seq] = process.Process(
            self.seq, slot, procs.mark_of(self.mark_base, self.seq), directory, self.budget)
        self.steward.send({"op": "open", "seq": self.seq, "slot": slot, "dir": os.path.join(directory, "work")})
        return True

    def opened(self, answer):
        """The gateway stands: now the child. Returns its Birth in the child."""
        each = self.processes.get(answer["open"])
        if each is None:
            return None
        each.view = answer["view"]
        gateway = {"port": answer["port"], "token": answer["token"], "pinned": self.conf["livy"]["pinned"]}
        try:
            return each.fork(self.fork, gateway, self.own_fds())
        except (OSError, RuntimeError) as e:
            each.status = 1  # as good as dead
            self.close_view(each)
            self.stillborn("it could not be forked: %s" % e)
            return None

    # ---- deaths ----------------------------------------------------------------------------------

    def adopted(self):
        known = {each.pid for each in self.processes.values()} | {self.steward_pid} | self.removers
        return [pid for pid in procs.children_of(os.getpid()) if pid not in known]

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
            self.removers.discard(pid)
        return ended

    def end_members(self, each):
        """All that is left of it. New ones may come while it looks, so it looks again."""
        end = time.monotonic() + ENDING_S
        while self.end_seen(each) and time.monotonic() < end:
            for other in self.collect_dead():
                self.late.append(other)

    def end_seen(self, each):
        """Whether any was there. What forks and ends, on and on, has gone on by the time that a list of it
        is made: each is ended as soon as it is seen."""
        found = bool(each.pid and each.status is None and procs.end_tree(each.pid))
        for pid in self.adopted():
            if self.is_stray(procs.mark_on(pid), each):
                found = procs.end_tree(pid) or found
        return found

    def is_stray(self, mark, each):
        """It descends from this one; or from one that has changed its mark, which then is no run's."""
        if not self.mark_base:
            return False
        return mark == each.mark or mark not in {other.mark for other in self.processes.values()}

    def close_view(self, each):
        if self.steward:
            self.steward.send({"op": "close", "seq": each.seq, "view": each.view})
        else:
            self.forget(each)

    def forget(self, each):
        each.forget()
        self.remove(each.directory)
        self.processes.pop(each.seq, None)

    def remove(self, directory):
        """A large tree takes long: then a process of its own removes it."""
        try:
            pid = self.fork() if results.is_large(directory) else None
        except (OSError, RuntimeError):
            pid = None
        if pid is None:
            results.remove(directory)
        elif pid:
            self.removers.add(pid)
        else:
            try:
                for fd in self.own_fds():
                    os.close(fd)
                results.remove(directory)
            finally:
                os._exit(0)
