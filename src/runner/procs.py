"""procs: which processes belong to a run, what they take, and their end. Linux' /proc only.

A process that called setsid, forked twice and cleared its environment still has two marks: it is
a child of the zygote, which adopts orphans, and it has the run's limit of message queues, which
is inherited by everything and which nobody else needs.
"""

import os
import resource
import signal

PAGE = resource.getpagesize()
_MARK_SPAN = 1 << 16


def _read(path):
    try:
        with open(path, "rb") as f:
            return f.read(1 << 16)
    except (OSError, ValueError):
        return b""


def mark_base():
    """The limit from which marks count down, or 0 where there is no room for marks."""
    hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[1]
    if hard == resource.RLIM_INFINITY or hard > 1 << 40:
        return 1 << 40
    return hard if hard > 2 * _MARK_SPAN else 0


def mark_of(base, number):
    return base - 1 - number % _MARK_SPAN if base else 0


def set_mark(mark):
    if mark:
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (mark, mark))


def mark_on(pid):
    """The mark that the process has, or 0."""
    for line in _read("/proc/%d/limits" % pid).splitlines():
        if line.startswith(b"Max msgqueue size") and line.split()[-2].isdigit():
            return int(line.split()[-2])
    return 0


def has_mark(pid, mark):
    return mark_on(pid) == mark


def is_mark(mark, base):
    return base - _MARK_SPAN <= mark < base


def _all_parents():
    """{pid: parent} of every process, for a kernel without lists of children."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _read("/proc/%s/stat" % name)
            if b")" in stat:
                parents[int(name)] = int(stat[stat.rindex(b")") + 2:].split()[1])
    return parents


def _listed_children(pid):
    pids = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            pids += map(int, _read("/proc/%d/task/%s/children" % (pid, task)).split())
    except OSError:
        pass
    return pids


_HAS_LISTS = os.path.exists("/proc/self/task/%d/children" % os.getpid())


def children_of(pid):
    if _HAS_LISTS:
        return _listed_children(pid)
    return [child for child, parent in _all_parents().items() if parent == pid]


def tree_of(roots):
    """The processes and all that descend from them. Each is there once."""
    found, todo = set(), list(roots)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children_of(pid)
    return list(found)


def members(root, mark, adopted):
    """The live processes of a run; `adopted` are the zygote's children that it did not fork."""
    roots = [pid for pid in adopted if mark and has_mark(pid, mark)]
    return tree_of(([root] if root else []) + roots)


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def end_tree(root):
    """Kills the process and all that descend from it, each when it is seen. Whether any lived still."""
    found, seen, todo = False, set(), [root]
    while todo:
        pid = todo.pop()
        if pid in seen or is_zombie(pid):
            continue
        seen.add(pid)
        todo += children_of(pid)  # before: those of a dead one are the zygote's
        kill([pid])
        found = True
    return found


def is_zombie(pid):
    stat = _read("/proc/%d/stat" % pid)
    return not stat or stat[stat.rindex(b")") + 2:][:1] in (b"Z", b"X")


def rss_bytes(pid):
    words = _read("/proc/%d/statm" % pid).split()
    return int(words[1]) * PAGE if len(words) > 1 else 0


def pss_bytes(pid):
    """Its share of the memory: pages that n processes have count a n-th for each."""
    for line in _read("/proc/%d/smaps_rollup" % pid).splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return rss_bytes(pid)


def memory_bytes(pids):
    return sum(map(pss_bytes, pids))
