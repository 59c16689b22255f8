"""process: one process that becomes a run: its birth by fork, its output, its limits, its end."""

import ctypes
import fcntl
import os
import random
import signal
import socket

import procs
import wire

PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 16
TAIL_BYTES = 4096
_F_SETPIPE_SZ = 1031
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent):
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def exit_code_of(status):
    """As a shell has it."""
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


def count_threads():
    return len(os.listdir("/proc/self/task"))


class Budget(object):
    """What all results together may still take of the driver's disk."""

    def __init__(self, keep_bytes):
        self.limit = keep_bytes
        self.used = 0

    def take(self, wanted):
        """How many of the wanted bytes there is room for; these are taken."""
        granted = wanted if not self.limit else max(0, min(wanted, self.limit - self.used))
        self.used += granted
        return granted

    def give(self, count):
        self.used = max(0, self.used - count)


class Pump(object):
    """One of a process' outputs: from the pipe to a file, as far as the limits go. Before it has a
    file, the last bytes are kept: they say why a process did not come to life."""

    def __init__(self, fd, budget):
        os.set_blocking(fd, False)
        self.fd = fd
        self.budget = budget
        self.file = -1
        self.limit = 0
        self.bytes = 0
        self.cut = 0
        self.tail = b""

    def open(self, path, limit):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.limit = limit
        self.tail = b""

    def pump(self, most=READ_BYTES * 4):
        """False once the pipe is empty."""
        while most > 0 and self.fd >= 0:
            try:
                data = os.read(self.fd, READ_BYTES)
            except BlockingIOError:
                return False
            if not data:
                self.close_pipe()
                return False
            most -= len(data)
            self._keep(data)
        return self.fd >= 0

    def _keep(self, data):
        if self.file < 0:
            self.tail = (self.tail + data)[-TAIL_BYTES:]
            return
        room = len(data) if not self.limit else max(0, min(len(data), self.limit - self.bytes))
        room = self.budget.take(room)
        written = self._write(data[:room]) if room else 0
        self.budget.give(room - written)
        self.bytes += written
        self.cut += len(data) - written

    def _write(self, data):
        done = 0
        try:
            while done < len(data):
                done += os.write(self.file, data[done:])
        except OSError:
            pass  # the disk is full: what did not fit is counted as cut
        return done

    def close_pipe(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def close(self):
        self.close_pipe()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


class Birth(object):
    """What a forked child knows of itself."""

    def __init__(self, seq, control, directory, gateway):
        self.seq = seq
        self.control = control
        self.directory = directory
        self.gateway = gateway


class Process(object):
    """A child as the zygote sees it."""

    def __init__(self, seq, slot, mark, directory, budget):
        self.seq = seq
        self.slot = slot
        self.mark = mark
        self.directory = directory  # what it has for itself: work, tmp, spark
        self.budget = budget
        self.pid = 0
        self.status = None
        self.ready = False
        self.control = None
        self.out = self.err = None
        self.run = None
        self.view = None  # what it has in the JVM

    def fork(self, fork, gateway, to_close):
        """None in the zygote; in the child what it is to live by."""
        ends, parent = [], os.getpid()
        try:
            for make in (os.pipe, os.pipe, _pair):
                ends += make()
            pid = fork()
        except (OSError, RuntimeError):
            _close(ends)
            raise
        ours, theirs = ends[0::2], ends[1::2]
        if pid:
            _close(theirs)
            self._born(pid, *ours)
            return None
        try:
            _begin_child(parent, theirs[0], theirs[1], self.mark, list(to_close) + list(ours))
        except BaseException:
            os._exit(71)  # it must not go on as a second zygote
        return Birth(self.seq, theirs[2], self.directory, gateway)

    def _born(self, pid, out, err, control):
        self.pid = pid
        self.control = wire.Wire(control)
        self.out, self.err = Pump(out, self.budget), Pump(err, self.budget)
        for fd in (out, err):
            _widen(fd)

    def open_outputs(self, run):
        folder = os.path.join(run.directory, "result")
        self.out.open(os.path.join(folder, "out"), run.limits["out_bytes"])
        self.err.open(os.path.join(folder, "err"), run.limits["err_bytes"])

    def fds(self):
        """Those that nobody but the zygote may hold."""
        found = [self.control.fd] if self.control else []
        for pump in (self.out, self.err):
            if pump:
                found += [pump.fd, pump.file]
        return [fd for fd in found if fd >= 0]

    def members(self, adopted):
        return procs.members(self.pid if self.status is None else 0, self.mark, adopted)

    def forget(self):
        for thing in (self.control, self.out, self.err):
            if thing:
                thing.close()


def _pair():
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


def _close(fds):
    for fd in fds:
        os.close(fd)


def _widen(fd):
    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass


def _begin_child(parent, out, err, mark, to_close):
    """A process with its own standard descriptors and session, and nothing of the zygote's."""
    die_with_parent(parent)
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, number in ((null, 0), (out, 1), (err, 2)):
        os.dup2(fd, number)
        if fd > 2:
            os.close(fd)
    _close(fd for fd in to_close if fd > 2)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    procs.set_mark(mark)
    random.seed()
