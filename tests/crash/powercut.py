"""What a power cut may leave: the trace of the calls says what was synced, and the rest is undone.

The daemon has been killed, and its files are as it left them. What no sync has covered may be lost:
each write and truncation of a file, each name that was made, moved or removed. It is taken back in
place, from the last to the first, so that inodes stay what the ledger knows. A move between two
directories is one step, as in a journal, but may show the file under both names.

Users sync nothing. What they have lost before it ran is theirs; of what has run nothing may be taken back
that would make it run again: its bytes, the removal of what it has replaced, its own removal.
"""
import itertools
import os
import random


class Entry:
    def __init__(self, head, data):
        words = head.decode(errors="surrogateescape").split(" ", 6)
        self.number, self.call, self.data = int(words[0]), words[1], data
        self.inode, self.other, self.offset = int(words[2]), int(words[3]), int(words[4])
        self.path, _, self.to = words[6].partition("\t")

    def __str__(self):
        return "%d %s %s%s" % (self.number, self.call, self.path, self.to and " to " + self.to)


def entries(trace, with_data):
    try:
        with open(trace, "rb") as f:
            for head in f:
                size = int(head.split(b" ", 6)[5]) if with_data else 0
                yield Entry(head.rstrip(b"\n"), f.read(size))
    except FileNotFoundError:
        return


# ---- what is certain ------------------------------------------------------------------------------

def life(trace):
    """What came to be in it: its last call was never made. Those of users have no number."""
    made = list(entries(trace, True))
    calls = [i for i, e in enumerate(made) if e.number > 0]
    return made[:calls[-1]] + made[calls[-1] + 1:] if calls else made


def pending(traces, has_run, lies=False):
    """The changes that no sync has covered: of names, in order; of bytes, by inode. Those of bytes that
    one has covered, and the files whose bytes a user has written. On a disk that lies no sync does."""
    names, bytes_of, sure, users = [], {}, {}, set()
    for e in [e for trace in traces for e in life(trace)]:
        if e.call in ("write", "truncate"):
            bytes_of.setdefault(e.inode, []).append(e)
        elif e.call == "user-write":
            users.add(e.inode)
        elif e.call == "sync" and not lies:
            sure.setdefault(e.inode, []).extend(bytes_of.pop(e.inode, []))
            users.discard(e.inode)
            names = [n for n in names if not is_covered(n, e.path)]
        elif e.call in ("made", "mkdir", "rmdir", "unlink", "rename", "rename-new", "link"):
            names.append(e)
    names = [n for n in names if n.number > 0 or (has_run(n.inode) and (n.other or not n.to))]
    return names, bytes_of, sure, [u for u in users if has_run(u)]


def is_covered(entry, directory):
    where = entry.to or entry.path
    if os.path.dirname(where) == directory:
        entry.arrived = True
    return directory == os.path.dirname(entry.path)


def content(sure, kept):
    data = bytearray()
    for e in sure + kept:
        size = e.offset if e.call == "truncate" else e.offset + len(e.data)
        if len(data) < size:
            data.extend(bytes(size - len(data)))
        if e.call == "truncate":
            del data[e.offset:]
        else:
            data[e.offset:e.offset + len(e.data)] = e.data
    return bytes(data)


# ---- taking back ----------------------------------------------------------------------------------

def inode(path):
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0


class Undo:
    def __init__(self, graves):
        self.graves = graves

    def grave(self, number):
        return os.path.join(self.graves, str(number))

    def bury(self, path):
        """It is not lost for good: an earlier step may bring it back under another name."""
        os.rename(path, self.grave(inode(path)))

    def raise_again(self, number, path):
        if number and os.path.lexists(self.grave(number)) and not os.path.lexists(path):
            os.rename(self.grave(number), path)

    def name(self, e):
        try:
            getattr(self, e.call.replace("-", "_"))(e)
        except (FileNotFoundError, NotADirectoryError):
            pass  # its directory has gone with another step

    def made(self, e):
        if inode(e.path) == e.inode:
            self.bury(e.path)

    def unlink(self, e):
        self.raise_again(e.inode, e.path)

    def link(self, e):
        if inode(e.to) == e.inode:
            os.unlink(e.to)

    def rename(self, e):
        if inode(e.to) != e.inode or os.path.lexists(e.path):
            return
        if getattr(e, "arrived", False):
            if not os.path.isdir(e.to):  # that one is here or there
                os.link(e.to, e.path)
        else:
            os.rename(e.to, e.path)
            self.raise_again(e.other, e.to)

    rename_new = rename

    def mkdir(self, e):
        for name in os.listdir(e.path):
            self.bury(os.path.join(e.path, name))
        os.rmdir(e.path)

    def rmdir(self, e):
        if not os.path.lexists(e.path):
            os.mkdir(e.path)


def paths_by_inode(tops):
    found = {}
    for top in tops:
        for here, _, files in os.walk(top):
            for name in files:
                path = os.path.join(here, name)
                found[inode(path)] = path
    return found


def rewrite(path, data):
    mode = os.lstat(path).st_mode
    os.chmod(path, 0o600)
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, data)
    os.close(fd)
    os.chmod(path, mode & 0o7777)


def chooser(how, number, count):
    """(keeps a name, keeps bytes) of each change; of the count names the newest is asked for first."""
    kind, _, which = how.partition(":")
    if kind == "some":
        rng = random.Random("%s at %d" % (how, number))
        return (lambda: rng.random() < 0.5), (lambda: rng.random() < 0.5)
    nth = {"newest": 1, "oldest": count, "but": int(which or 0)}
    if kind in nth:
        asked = itertools.count(1)
        return (lambda: (next(asked) == nth[kind]) != (kind == "but")), (lambda: True)
    return (lambda: how == "names"), (lambda: how == "data")


def cut(world, how):
    names, bytes_of, sure, users = pending(world.traces(), world.has_run, lies=how == "lies")
    keeps_name, keeps_bytes = chooser(how, world.plan.at + world.plan.again, len(names))
    paths = paths_by_inode([world.path(d) for d in os.listdir(world.top)
                            if os.path.isdir(world.path(d))])
    for number, changes in bytes_of.items():
        kept = [e for e in changes if keeps_bytes()]
        if number in paths and not paths[number].endswith("-shm"):
            rewrite(paths[number], content(sure.get(number, []), kept))
    for number in users:
        if number in paths and not keeps_bytes():
            rewrite(paths[number], b"")
    undo = Undo(world.graves)
    for e in [e for e in reversed(names) if not keeps_name()]:
        undo.name(e)
    shm = world.path("state", "ledger.db-shm")
    if os.path.lexists(shm):
        os.unlink(shm)  # memory of processes that are gone
