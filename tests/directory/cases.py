"""What may befall a spool, each with the real daemon. The head of `run` says which clause of what
is promised is held by which of these and by which other test."""
import errno
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading

from place import Place, Skipped, code, has_mounts, must

ONE_AT_A_TIME = dict(slots=1, sessions=1)


def running_and_queued(p):
    """a.py runs until its gate is opened, b.py waits behind it."""
    p.begin()
    p.drop("a.py", code("w-a", "a"))
    p.until(lambda: p.livy.times("w-a"), "a.py to start")
    p.drop("b.py", code("w-b"))
    p.until_logged('event=queued spool=s file="b.py"')


def both_end(p):
    p.livy.open("a")
    p.until_status("a.py")
    p.until_status("b.py")
    p.once("w-a", "w-b")


# ---- what is heard -------------------------------------------------------------------------------

def overflow(tools):
    """More happens than the kernel keeps for us: what it did not say is found all the same."""
    p = Place(tools)
    yield p
    with open("/proc/sys/fs/inotify/max_queued_events") as f:
        most = int(f.read())
    if most > 1 << 17:
        raise Skipped("fs.inotify.max_queued_events is %d" % most)
    p.begin()
    p.daemon.send_signal(signal.SIGSTOP)
    for _ in range(most // 4 + 1):  # four events each
        open(p.path("s", ".x"), "w").close()
        os.unlink(p.path("s", ".x"))
        open(p.path("s", ".y"), "w").close()
        os.unlink(p.path("s", ".y"))
    for i in range(20):
        p.drop("f%d.py" % i, code("w-%d." % i))
    p.daemon.send_signal(signal.SIGCONT)
    for i in range(20):
        p.until_status("f%d.py" % i)
        p.once("w-%d." % i)
    must(p.logged("inotify=overflow") == 1, "an overflow has its line")


def burst(tools):
    """Many at once: all are queued, and none of them twice; a kill in the middle changes nothing."""
    p = Place(tools, slots=8, sessions=4)
    yield p
    count = int(os.environ.get("DIRECTORY_BURST", "200"))
    p.begin()
    for i in range(count):
        with open(p.path("s", ".%d" % i), "w") as f:
            f.write(code("w-%d." % i))
    for i in range(count):
        os.rename(p.path("s", ".%d" % i), p.path("s", "f%d.py" % i))
    p.until(lambda: len(p.livy.started) > count // 20, "the first of them")
    p.end(signal.SIGKILL)
    p.begin()
    seen = set()
    while len(seen) < count:  # each is waited for with patience of its own
        p.until(lambda: ended(p, seen), "file %d of %d" % (len(seen) + 1, count))
    p.until_idle()
    started = sorted(p.livy.started)
    must(started == sorted(code("w-%d." % i) for i in range(count)), "each was sent once")
    for i in range(count):
        must(p.record("s", "f%d.py" % i)["status"] == "ok", "f%d.py is ok" % i)


def queue_of(p):
    """How many are queued, by the ledger."""
    rows = p.rows("select count(*) from job where live = 1 and state = 1")
    return rows[0][0] if rows else 0


def waiting_room(tools):
    """More than the kernel's queue has room for, at once, behind a file that runs: all are queued,
    and after a kill they are still; those that go are cancelled."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    count = int(os.environ.get("DIRECTORY_QUEUE", "500"))
    p.begin()
    p.drop("a.py", code("w-a", "a"))
    p.until(lambda: p.livy.times("w-a"), "a.py to start")
    for i in range(count):
        with open(p.path("s", ".%d" % i), "w") as f:
            f.write(code("v-%d." % i))
        os.rename(p.path("s", ".%d" % i), p.path("s", "f%d.py" % i))
    p.until(lambda: queue_of(p) == count, "%d files to be queued" % count)
    p.end(signal.SIGKILL)
    for i in range(1, count):
        os.unlink(p.path("s", "f%d.py" % i))
    p.begin()
    p.until(lambda: queue_of(p) == 1, "those that are gone to be cancelled")
    p.livy.open("a")
    p.until_status("a.py")
    p.until_status("f0.py")
    must(len(p.livy.started) == 2, "two were sent")


def ended(p, seen):
    more = {n for n in os.listdir(p.path("s")) if n.endswith(".json")} - seen
    seen |= more
    return more


def deaf(tools):
    """What others do behind a FUSE mount is never told to us: scans alone."""
    p = Place(tools, scan="10s", **ONE_AT_A_TIME)
    yield p
    if not has_mounts() or shutil.which("bindfs") is None:
        raise Skipped("bindfs or a namespace for it")
    os.mkdir(p.path("src"))
    p.mount("bindfs", "-n", p.path("src"), p.path("s"))
    p.begin()
    p.drop("a.py", code("w-a", "a"), "src")
    p.until(lambda: p.livy.times("w-a"), "a.py to start")
    p.drop("b.py", code("w-b"), "src")
    p.drop("c.py", code("w-c"), "src")
    p.until_logged('event=queued spool=s file="c.py"')
    os.unlink(p.path("src", "c.py"))
    p.until_logged('event=done status=cancelled spool=s file="c.py"')
    both_end(p)
    must(p.is_there("src", "b.py.json"), "the results are where the files are")
    p.drop("b.py", code("w-new"), "src")
    p.until(lambda: p.livy.times("w-new"), "b.py again")
    p.never("w-c")


def made_for_another(tools):
    """A mount with an owner of its own, and a sticky spool: what we make there is not ours by its owner, and no
    stranger's all the same."""
    p = Place(tools, 'after = "move:done";', scan="10s")
    yield p
    if not has_mounts() or shutil.which("bindfs") is None:
        raise Skipped("bindfs or a namespace for it")
    os.mkdir(p.path("src"))
    os.chmod(p.path("src"), 0o1777)
    p.mount("bindfs", "-n", "--create-for-user=65534", p.path("src"), p.path("s"))
    p.begin()
    for name in ("a.py", "b.py"):
        p.drop(name, code("w-" + name), "src")
        p.until_status(name)
        p.until(lambda: p.is_there("src", "done", name), name + " to be moved")
    p.until_idle()
    must(os.stat(p.path("src", "done")).st_uid == 65534, "the directory belongs to another")
    must(not [n for n in os.listdir(p.path("src")) if n.startswith(".")], "and nothing hidden is left")


def unwatched(tools):
    """No watch is left for us."""
    p = Place(tools, scan="10s")
    yield p
    zero = "echo 0 >/proc/sys/user/max_inotify_watches"
    if subprocess.call(["unshare", "-U", "-r", "sh", "-c", zero], stderr=subprocess.DEVNULL):
        raise Skipped("a user namespace without watches")
    wrapper = p.path("wrapper")
    with open(wrapper, "w") as f:
        f.write('#!/bin/sh\nexec unshare -U -r sh -c \'%s; exec "$0" "$@"\' "%s" "$@"\n'
                % (zero, tools.daemon))
    os.chmod(wrapper, 0o755)
    p.tools = type("Tools", (), {"daemon": wrapper, "first": tools.first, "preload": tools.preload})
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.once("w-a")
    must(p.logged("watch=none") == 1, "it is said, once")


# ---- the directory itself ------------------------------------------------------------------------

def remove(path):
    """rm -r, again where the daemon has just put something into it: what runs is written there."""
    for _ in range(100):
        try:
            shutil.rmtree(path)
            return
        except OSError as e:
            if e.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
    raise AssertionError("%s is written faster than it can be removed" % path)


def removed(tools):
    """Removed and made again: what waits is kept, and found by its name."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    remove(p.path("s"))
    p.until_logged("event=unreadable")
    os.mkdir(p.path("s"))
    p.until_logged("event=readable")
    p.drop("b.py", code("w-b"))
    p.drop("c.py", code("w-c"))
    p.until_logged('event=queued spool=s file="c.py"')
    both_end(p)
    p.until_status("c.py")
    p.once("w-c")


def renamed(tools):
    """Away, and back: nothing is picked up meanwhile, nothing is lost, nothing runs again."""
    p = Place(tools, spool='after = "delete";', **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    os.rename(p.path("s"), p.path("t"))
    p.until_logged("event=unreadable")
    p.drop("c.py", code("w-c"), "t")
    p.livy.open("a")
    # The one or the other, as the directory was closed before its output came or behind it.
    p.until(lambda: p.logged("event=appending-failed") or p.logged("event=writing-failed"), "its result to find no place")
    must(os.listdir(p.path("t")).count("a.py.json") == 0, "nothing is written elsewhere")
    os.rename(p.path("t"), p.path("s"))
    for name in ("a.py", "b.py", "c.py"):
        p.until_status(name)
        p.until(lambda: not p.has(name), name + " to be deleted")
    p.once("w-a", "w-b", "w-c")


def in_its_place(tools):
    """Another directory takes its name while files run, and then the first comes back."""
    p = Place(tools, spool='after = "delete";', scan="10s", sessions=1)
    yield p
    p.begin()
    p.drop("a.py", code("w-a", "a"))
    p.until(lambda: p.livy.times("w-a"), "a.py to start")
    p.drop("l.py", code("w-l", "l"))
    p.until(lambda: p.livy.times("w-l"), "l.py to start")
    p.drop("b.py", code("w-b"))
    p.until_logged('event=queued spool=s file="b.py"')
    os.rename(p.path("s"), p.path("t"))
    os.mkdir(p.path("s"))
    p.until_logged("event=other-directory")
    p.drop("c.py", code("w-c"))
    p.until_logged('event=queued spool=s file="c.py"')
    p.livy.open("a")
    p.until_logged("event=waiting")
    must(not p.has("a.py.json"), "no result beside what is not its file")
    os.rename(p.path("s"), p.path("u"))
    os.rename(p.path("t"), p.path("s"))
    p.livy.open("l")
    for name in ("a.py", "l.py", "b.py"):
        p.until_status(name)
        p.until(lambda: not p.has(name), name + " to be deleted")
    p.drop("d.py", code("w-d"))
    p.until_status("d.py")
    p.once("w-a", "w-l", "w-b", "w-d")
    must(p.livy.times("w-c") <= 1, "c.py was sent once at most")


def another_in_its_place(tools):
    """What comes into the other directory meanwhile belongs there, and runs."""
    p = Place(tools, spool='python = "raw"; after = "delete";', scan="10s", **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    os.rename(p.path("s"), p.path("t"))
    os.mkdir(p.path("s"))
    p.until_logged("event=other-directory")
    p.livy.open("a")
    p.until_logged("event=waiting")
    p.drop("c.py", code("w-c"))
    p.until_status("c.py")
    p.until(lambda: not p.has("c.py"), "c.py to be deleted")
    p.end(signal.SIGKILL)
    p.begin()
    p.until_logged("event=waiting")
    p.drop("d.py", code("w-d"))
    p.until_status("d.py")
    p.until(lambda: not p.has("d.py"), "d.py to be deleted")
    os.rename(p.path("s"), p.path("u"))
    os.rename(p.path("t"), p.path("s"))
    both_end(p)
    p.until(lambda: not p.has("a.py") and not p.has("b.py"), "both to be deleted")
    p.until_idle()
    p.once("w-a", "w-b", "w-c", "w-d")


def unmounted(tools, spool='after = "delete";'):
    """The mount point below is no spool: what runs ends when its own directory is back."""
    p = Place(tools, spool=spool, scan="10s", **ONE_AT_A_TIME)
    yield p
    if not has_mounts():
        raise Skipped("mounts in a namespace")
    os.mkdir(p.path("disk"))
    p.mount("mount", "-t", "tmpfs", "none", p.path("disk"))
    p.bind("disk", "s")
    running_and_queued(p)
    subprocess.check_call(["umount", "-l", p.path("s")])
    p.until_logged("event=other-directory")
    p.livy.open("a")
    p.until_logged("event=waiting")
    must(not [n for n in os.listdir(p.path("s")) if not n.startswith(".")], "nothing under the mount")
    p.bind("disk", "s")
    p.until_status("a.py")
    p.until_status("b.py")
    p.drop("c.py", code("w-c"))
    p.until_status("c.py")
    p.until_idle()
    p.once("w-a", "w-b", "w-c")
    left = sorted(n for n in os.listdir(p.path("s")) if n.endswith(".py"))
    must(left == ([] if "delete" in spool else ["a.py", "b.py", "c.py"]),
         "the inputs are as the spool says: %s" % left)


def unmounted_raw(tools):
    """The same, of code whose output the server holds, and files that stay."""
    return unmounted(tools, 'python = "raw";')


def read_only(tools):
    """What cannot be written waits until it can; nothing runs again for that."""
    p = Place(tools, spool='after = "delete";')
    yield p
    if not has_mounts():
        raise Skipped("mounts in a namespace")
    os.mkdir(p.path("src"))
    p.bind("src", "s")
    p.begin()
    p.drop("a.py", code("w-a", "a"), "src")
    p.until(lambda: p.livy.times("w-a"), "a.py to start")
    remount = ["mount", "-o", "remount,bind,ro", p.path("s")]
    p.until(lambda: subprocess.call(remount, stderr=subprocess.DEVNULL) == 0,
            "a moment in which nothing there is open for writing")
    p.livy.open("a")
    p.until_logged("Read-only file system")
    p.drop("b.py", code("w-b"), "src")
    p.until(lambda: p.livy.times("w-b"), "b.py to start")
    p.end(signal.SIGKILL)
    p.begin()
    p.until_logged("Read-only file system")
    subprocess.check_call(["mount", "-o", "remount,bind,rw", p.path("s")])
    for name in ("a.py", "b.py"):
        p.until_status(name)
        p.until(lambda: not p.has(name), name + " to be deleted")
    p.once("w-a", "w-b")


# ---- a file that changes -------------------------------------------------------------------------

def rewritten(tools):
    """A new file under the name again and again, while it is looked at, read and run."""
    p = Place(tools, slots=1, sessions=2)
    yield p
    p.begin()
    sha, count = None, 0
    while count < 300 or len(p.livy.started) < 5:
        sha = p.drop("a.py", code("v-%d." % count) * (1 + count % 50))
        count += 1
        p.tend()
    p.until_status("a.py", sha=sha)
    p.until_idle()
    whole = {code("v-%d." % i) * (1 + i % 50) for i in range(count)}
    must(set(p.livy.started) <= whole, "only whole files are sent")
    must(len(set(p.livy.started)) == len(p.livy.started), "none of them twice")
    must(not p.record("s", "a.py")["superseded"], "the last is not superseded")


def changed(tools):
    """Deleted while it waits or runs; replaced while it runs."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    os.unlink(p.path("s", "b.py"))
    p.until_logged('event=done status=cancelled spool=s file="b.py"')
    os.unlink(p.path("s", "a.py"))
    p.livy.open("a")
    must(not p.until_status("a.py")["superseded"], "deleted is not replaced")
    must(not p.has("b.py.json"), "what was cancelled before its turn leaves nothing")
    sha = p.drop("c.py", code("w-c1", "c"))
    p.until(lambda: p.livy.times("w-c1"), "c.py to start")
    new = p.drop("c.py", code("w-c2", "d"))
    p.livy.open("c")
    must(p.until_status("c.py", sha=sha)["superseded"], "replaced while it ran, and it says so")
    p.livy.open("d")
    must(not p.until_status("c.py", sha=new)["superseded"], "the new one is not superseded")
    p.drop("b.py", code("w-b2"))
    p.until_status("b.py")
    p.once("w-a", "w-b2", "w-c1", "w-c2")
    must(p.livy.times("w-b'") == 0, "the deleted one never ran")


def dropped_again(tools):
    """Whoever waits until a name is free may use it at once: each of them runs, once."""
    for spool in ('after = "delete";', 'after = "move:done";'):
        p = Place(tools, spool=spool)
        yield p
        p.begin()
        for i in range(30):
            p.until(lambda: free_for(p, "a.py", "v-%d." % i), "a.py to be free, %d times" % (i + 1))
        p.until(lambda: not p.has("a.py"), "the last to go")
        p.until_idle()
        must(sorted(p.livy.started) == sorted(code("v-%d." % i) for i in range(30)), "each ran once")
        if "move" in spool:
            moved = []
            for name in os.listdir(p.path("s", "done")):
                with open(p.path("s", "done", name)) as f:
                    moved.append(f.read())
            must(sorted(moved) == sorted(p.livy.started), "each was moved, none over another")


def free_for(p, name, word):
    """By a link, as nothing else never replaces; the moment in between is one of two names."""
    with open(p.path("s", ".new"), "w") as f:
        f.write(code(word))
    try:
        os.link(p.path("s", ".new"), p.path("s", name))
    except FileExistsError:
        return False
    finally:
        os.unlink(p.path("s", ".new"))
    return True


# ---- results -------------------------------------------------------------------------------------

def over_old_results(tools):
    """A re-run takes away what we wrote, and nothing else."""
    p = Place(tools)
    yield p
    p.begin()
    p.drop("a.py", "print('w-1')  # leaves one.txt\n")
    first = p.until_status("a.py")
    with open(p.path("s", "a.py.files", "theirs"), "w") as f:
        f.write("theirs")
    sha = p.drop("a.py", "print('w-2')  # leaves two.txt\n")
    second = p.until_status("a.py", sha=sha)
    must(sorted(os.listdir(p.path("s", "a.py.files"))) == ["theirs", "two.txt"], "what was left")
    must(p.read("a.py.out") == b"w-2\n" and second["id"] > first["id"], "the new output")
    os.rename(p.path("s", "a.py.out"), p.path("s", "kept"))
    with open(p.path("s", "a.py.out"), "w") as f:
        f.write("theirs")
    p.drop("a.py", "print('w-3')\n")
    p.until_logged("event=done status=rejected")
    must(p.read("a.py.out") == b"theirs" and p.read("kept") == b"w-2\n", "theirs stays")
    p.once("w-1", "w-2")
    p.never("w-3")


def taken(tools):
    """A result's name that was taken while the file ran: the result waits, theirs stays."""
    p = Place(tools, slots=8, sessions=1)
    yield p
    p.begin()
    things = {
        "file": lambda at: open(at, "w").close(),
        "directory": os.mkdir,
        "link": lambda at: os.symlink(p.path("outside"), at),
        "dangling": lambda at: os.symlink(p.path("nowhere"), at),
        "fifo": os.mkfifo,
    }
    with open(p.path("outside"), "w") as f:
        f.write("outside")
    for name in things:
        p.drop(name + ".py", code("w-" + name, "all"))
        p.until(lambda: p.livy.times("w-" + name), name + " to start")
    for name, make in things.items():
        make(p.path("s", name + ".py.out"))
        make(p.path("s", name + ".py.json"))
    was = {n: os.lstat(p.path("s", n)) for n in os.listdir(p.path("s")) if ".py." in n}
    p.livy.open("all")
    p.until_logged("event=publishing-failed", len(things))
    for name, st in was.items():
        now = os.lstat(p.path("s", name))
        must((now.st_ino, now.st_mtime, now.st_size) == (st.st_ino, st.st_mtime, st.st_size),
             name + " is as it was")
        os.rename(p.path("s", name), p.path("s", "." + name))
    for name in things:
        p.until_status(name + ".py")
        p.once("w-" + name)
    with open(p.path("outside")) as f:
        must(f.read() == "outside", "nothing was written through a link")
    must(not os.path.lexists(p.path("nowhere")), "nor made")


def no_job(tools):
    """What we write or move never becomes work, whatever it is called."""
    p = Place(tools, spool='after = "move:done"; html = true;', scan="10s")
    yield p
    p.begin()
    p.drop("a.py", "print('w-a')  # leaves evil.py leaves b.sql leaves sub/c.scala\n")
    p.drop("b.sql", "select 'w-b';\n")
    p.until_status("a.py")
    p.until_status("b.sql")
    p.until(lambda: not p.has("a.py") and not p.has("b.sql"), "both to be moved")
    p.drop("c.py", code("w-c"))
    scans(p)
    p.until_status("c.py")
    p.until_idle()
    must(len(p.livy.started) == 3, "three files, three runs: %s" % p.livy.started)
    must(p.logged("event=queued") == 3, "and no more were queued")


def scans(p):
    """Two whole scans later: a file that only a scan can find, twice."""
    for i in range(2):
        name = "scan%d.py" % i
        os.mkdir(p.path("s", name))  # refused in a line of the log
        p.until_logged('event=done status=rejected spool=s file="%s"' % name)


def moved_to_itself(tools):
    """A target that is the spool by another name: the file would be found there, for ever."""
    p = Place(tools, spool='after = "move:{top}/alias/s";', scan="10s")
    p.setting["spool"] = p.setting["spool"].replace("{top}", p.top)
    p.configure()
    yield p
    os.symlink(p.top, p.path("alias"))
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.until_logged("event=not-moved")
    p.drop("b.py", code("w-b"))
    p.until_logged("event=not-moved", 2)
    p.until_idle()
    p.once("w-a", "w-b")
    must(p.has("a.py") and p.has("b.py"), "they stay where they are")


# ---- what is old ---------------------------------------------------------------------------------

def known(p):
    """What the ledger knows, by name."""
    return sorted(n.decode() for (n,) in p.rows("select name from job") or [])


def beside(p, name):
    """All that lies in the spool and begins with that name, and where its input was moved to."""
    found = [n for n in os.listdir(p.path("s")) if n.startswith(name)]
    return sorted(found + ["done/" + n for n in os.listdir(p.path("s", "done")) if n == name])


def forget(p, settings):
    """From now on; a reload is enough."""
    times = p.logged("event=reloaded")
    p.setting["spool"] += settings
    p.configure()
    p.daemon.send_signal(signal.SIGHUP)
    p.until_logged("event=reloaded", times + 1)


def old(tools):
    """What ended long ago goes: all that we have left as we left it, and nothing else."""
    p = Place(tools, spool='after = "move:done"; html = true;')
    yield p
    p.begin()
    names = ["a.py", "edited.py", "moved.py", "linked.py", "files.py"]
    for name in names:
        more = "  # leaves sub/left.txt\n" if name in ("a.py", "files.py") else ""
        p.drop(name, code("w-" + name) + more)
    for name in names:
        p.until_status(name)
        p.until(lambda n=name: p.is_there("s", "done", n), name + " being moved")
    p.until_idle()
    must(len(beside(p, "a.py")) == 5, "a.py has results of all kinds")
    with open(p.path("s", "edited.py.out"), "a") as f:
        f.write("a note\n")
    with open(p.path("s", "done", "moved.py"), "a") as f:
        f.write("# a note\n")
    os.rename(p.path("s", "linked.py.out"), p.path("kept"))
    os.symlink("../kept", p.path("s", "linked.py.out"))
    with open(p.path("s", "files.py.files", "mine.txt"), "w") as f:
        f.write("mine\n")
    with open(p.path("s", "done", "mine.py"), "w") as f:
        f.write("mine\n")
    edited = beside(p, "edited.py")
    forget(p, 'keep_for = "1s";')
    p.until(lambda: known(p) == ["edited.py"], "the others to go")
    must(beside(p, "a.py") == [], "nothing of a.py is left")
    must(beside(p, "edited.py") == edited, "what was edited stays, and all with it")
    must(p.read("edited.py.out").endswith(b"a note\n"), "... as it was edited")
    must(beside(p, "moved.py") == ["done/moved.py"], "an input that was edited stays")
    must(beside(p, "linked.py") == ["linked.py.out"], "a link in a result's place stays")
    must(os.path.exists(p.path("kept")), "... and what it leads to")
    must(os.listdir(p.path("s", "files.py.files")) == ["mine.txt"], "others' files stay")
    must(p.is_there("s", "done", "mine.py"), "others' files stay where inputs are moved to")
    must(p.logged("event=expired") >= 1, "it is said")
    p.end(signal.SIGKILL)
    p.begin()
    p.drop("a.py", code("w-again"))
    p.until(lambda: p.livy.times("w-again"), "a.py to run again, as a new file")
    p.until(lambda: known(p) == ["edited.py"], "it to go again")
    p.once("w-again", *["w-" + n for n in names])


def old_but_there(tools):
    """A file that lies in its spool keeps its results, and is not run again."""
    p = Place(tools, spool='keep_for = "1s";', scan="10s")
    yield p
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.drop("b.py", code("w-b"))
    p.until_status("b.py")
    os.unlink(p.path("s", "b.py"))
    p.until(lambda: known(p) == ["a.py"], "b.py to go")  # and a.py is older
    must(p.has("a.py.out") and p.has("a.py.json"), "a.py keeps its results")
    must(not p.has("b.py.out") and not p.has("b.py.json"), "b.py does not")
    p.end(signal.SIGKILL)
    p.begin()
    p.drop("c.py", code("w-c"))
    p.until_status("c.py")
    os.unlink(p.path("s", "c.py"))
    p.until(lambda: known(p) == ["a.py"], "c.py to go")
    must(p.has("a.py.json"), "a.py has them still")
    p.once("w-a", "w-b", "w-c")


# ---- names ---------------------------------------------------------------------------------------

FORGED = "x\n2026-01-01T00:00:00.000Z info event=done status=ok.py"
NAMES = [
    "x" * 244 + ".py", FORGED, "\x1b[2J\x1b]0;title\x07.py", "a\rb\tc.py", "\u0085\u2028\u202e.py",
    "\x7f\x01\x02.py", "caf\udce9.py", "\udcc2.py", "-rf.py", " .py", "%s%n$(id)`id`'\"\\.py",
    "\\n.py", '" status=ok file="y.py', "{}.py", "#.py", "\U0001f680.py",
]


def names(tools):
    """Of any bytes: they run, the record has them, and a line of the log stays one line."""
    p = Place(tools, slots=8)
    yield p
    p.begin()
    for i, name in enumerate(NAMES):
        p.drop_raw(name, code("w-%d." % i))
    long = "x" * 252 + ".py"
    p.drop_raw(long, code("w-long"))
    for i, name in enumerate(NAMES):
        record = p.until_status(name)
        if record["input"].get("path_bytes"):
            path = bytes.fromhex(record["input"]["path_bytes"])
        else:
            path = record["input"]["path"].encode()
        must(path == os.fsencode(p.path("s", name)), "the record has the name %r" % name)
        p.once("w-%d." % i)
    p.until_logged("too long")
    p.never("w-long")
    must([n for n in os.listdir(p.path("s")) if n.startswith("x" * 252)] == [long], "nothing beside")


# ---- clocks and daemons --------------------------------------------------------------------------

YEAR_S = 365 * 24 * 3600


def clocks(tools):
    """The time of day jumps both ways while files wait, settle and run; the machine sleeps."""
    p = Place(tools, spool='settle = "100ms";', ready="settle", **ONE_AT_A_TIME)
    yield p
    if not hasattr(tools, "clock") or not os.path.exists(tools.clock):
        raise Skipped("the library of clocks")
    p.jump = lambda wall, boot: write_jump(p, wall, boot)
    p.jump(0, 0)
    p.tools = type("Tools", (), {"daemon": tools.daemon, "first": tools.first,
                                    "preload": tools.clock + ":" + tools.preload})
    os.environ["CLOCK_JUMP"] = p.path("jump")
    running_and_queued(p)
    p.jump(10 * YEAR_S, 0)
    p.drop("c.py", code("w-c"))
    os.utime(p.path("s", "c.py"), (1, 1))
    p.until_logged('event=queued spool=s file="c.py"')
    p.jump(-40 * YEAR_S, 3600)
    p.drop("d.py", code("w-d"))
    os.utime(p.path("s", "d.py"), (1 << 32, 1 << 32))
    p.until_logged('event=queued spool=s file="d.py"')
    both_end(p)
    p.jump(0, 7200)
    for name in ("c.py", "d.py"):
        times = p.until_status(name)["times"]
        must(times["queued"] and times["started"] and times["finished"], "it has its times")
    p.end(signal.SIGKILL)
    p.jump(-2 * YEAR_S, 0)
    p.begin()
    p.drop("e.py", code("w-e"))
    p.until_status("e.py")
    p.until_idle()
    p.once("w-a", "w-b", "w-c", "w-d", "w-e")


def write_jump(p, wall, boot):
    if not os.path.exists(p.path("jump")):
        open(p.path("jump"), "wb").write(b"\0" * 16)
    with open(p.path("jump"), "r+b") as f:
        f.write(struct.pack("=qq", wall, boot))


def two_daemons(tools):
    """On one spool, and on one state directory: the second says why it does not start."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    before = len(p.livy.requests)
    for conf, word in ((p.configure("conf2", state="state2"), "another daemon has locked it"),
                       (p.conf, "another sparkspoold")):
        code_, said = p.another(conf)
        must(code_ == 75 and word in said, "code %d: %s" % (code_, said))
        must("event=started" not in said, "it has not begun")
    must(all(r[0] == "GET" for r in p.livy.requests[before:] if "sessions" == r[1]), "asked nothing")
    both_end(p)
    must(len(p.livy.sessions) == 1, "one session, of the first daemon")


def copied(tools):
    """A copy of the state directory starts nothing, beside the original and after it."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    running_and_queued(p)
    shutil.copytree(p.path("state"), p.path("copy"))
    os.mkdir(p.path("other"))
    conf = p.configure("conf2", state="copy")
    with open(conf) as f:
        text = f.read()
    with open(conf, "w") as f:  # a spool of its own: only the copy itself keeps it from starting
        f.write(text.replace(p.path("s"), p.path("other")))
    for _ in range(2):
        code_, said = p.another(conf)
        must(code_ == 75 and "copy" in said, "code %d: %s" % (code_, said))
        p.end(signal.SIGKILL)
    p.begin()
    both_end(p)


def reload_while_it_waits(tools):
    """Asked for while the ledger cannot be written, it comes when it can be."""
    p = Place(tools)
    yield p
    p.begin()
    other = sqlite3.connect(p.path("state", "ledger.db"), isolation_level=None)
    other.execute("begin immediate")
    p.drop("a.py", code("w-a"))
    p.until_logged("nothing can be committed")
    p.daemon.send_signal(signal.SIGHUP)
    p.until(lambda: not is_pending(p.daemon.pid, signal.SIGHUP), "the signal to be heard")
    other.execute("rollback")
    p.until_logged("event=reloaded")
    p.until_status("a.py")
    p.once("w-a")


def stop_that_cannot_be_written(tools):
    """A stop that was heard before the ledger cannot be written ends all the same."""
    p = Place(tools)
    yield p
    p.begin()
    p.until_logged("event=up url=")
    other = sqlite3.connect(p.path("state", "ledger.db"), isolation_level=None)
    other.execute("begin immediate")
    p.daemon.send_signal(signal.SIGSTOP)
    p.drop("a.py", code("w-a"))
    p.daemon.send_signal(signal.SIGTERM)
    p.daemon.send_signal(signal.SIGCONT)  # both are heard in one turn
    p.wait_for(lambda: p.daemon.poll() is not None, "the stop")
    must(p.daemon.returncode == 1, "the stop ended with code %d" % p.daemon.returncode)
    must(p.logged("event=stopping") == 1, "the stop was heard first")
    must(p.logged("nothing can be committed") == 1, "then the ledger could not be written")
    other.execute("rollback")
    p.begin()
    p.until_status("a.py")
    p.once("w-a")


class Manager(threading.Thread):
    """What the service manager is told."""
    def __init__(self, p, watchdog_us):
        threading.Thread.__init__(self, daemon=True)
        self.told, self.socket = [], socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(p.path("notify"))
        p.plan.environment = lambda world: {"NOTIFY_SOCKET": p.path("notify"),
                                            "WATCHDOG_USEC": str(watchdog_us)}
        self.start()

    def run(self):
        while True:
            self.told.append(self.socket.recv(4096))

    def alive(self):
        return self.told.count(b"WATCHDOG=1")


def watched(tools):
    """However much there is to be done in one turn, each of these things is a sign of life."""
    p = Place(tools)
    yield p
    manager = Manager(p, 2000)  # each millisecond of its fast time, if it can
    count = 200
    p.begin()
    # A ledger of a former release may take its time, which TimeoutStartSec= does not know of.
    p.until(lambda: manager.told, "a word")
    must(manager.told[0].startswith(b"EXTEND_TIMEOUT_USEC="), "first it is %r" % manager.told[0])
    p.until_logged("event=up url=")
    p.daemon.send_signal(signal.SIGSTOP)
    for i in range(count):
        p.drop("f%d.scala" % i, "1 + %d\n" % i)  # which the pool does not serve
    before = manager.alive()
    p.daemon.send_signal(signal.SIGCONT)
    seen = set()
    while len(seen) < count:
        p.until(lambda: ended(p, seen), "record %d of %d" % (len(seen) + 1, count))
    told = manager.alive() - before
    must(told >= count, "a sign of life for each of %d files, not %d in all" % (count, told))


def is_pending(pid, number):
    with open("/proc/%d/status" % pid) as f:
        masks = [line.split()[1] for line in f if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(int(mask, 16) & 1 << (number - 1) for mask in masks)


# ---- who asks ------------------------------------------------------------------------------------

def ask(p, **asked):
    """A question to the control socket: the lines of its answer."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(p.path("run", "control"))
        s.sendall(json.dumps(dict(asked, v=1)).encode() + b"\n")
        lines = []
        for line in s.makefile("rb"):
            lines.append(json.loads(line))
            if lines[-1]["type"] in ("end", "error"):
                return lines
    raise AssertionError("no end: %s" % lines)


def states(p):
    return {line["name"]: line["state"] for line in ask(p, do="list") if line["type"] == "job"}


def as_another(p, **asked):
    """The same as nobody in particular."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(into, json.dumps(ask(p, **asked)).encode())
        finally:
            os._exit(0)
    os.close(into)
    os.waitpid(pid, 0)
    with os.fdopen(out) as f:
        return json.load(f)


def control(tools):
    """What is asked by the control socket is done, over a kill, and whoever floods it."""
    p = Place(tools, **ONE_AT_A_TIME)
    yield p
    os.rmdir(p.path("run"))  # it is made where it is missing, sandbox or not
    running_and_queued(p)
    p.until(lambda: states(p) == {"a.py": "running", "b.py": "queued"}, "the list")
    if os.geteuid() == 0:
        os.chmod(p.top, 0o755)
        must(as_another(p, do="list") == [{"type": "end"}], "another user sees nothing")
        must(as_another(p, do="cancel", jobs=[1])[0]["code"] == "not-allowed", "nor may they")
    must(ask(p, do="hold", jobs=[p.path("s", "b.py")])[0]["type"] == "done", "b.py is held")
    flood = [socket.socket(socket.AF_UNIX) for _ in range(60)]
    for s in flood:
        s.connect(p.path("run", "control"))
        s.sendall(b'{"v":1,' + b"x" * 10000)
    must(states(p) == {"a.py": "running", "b.py": "held"}, "the list: %s" % states(p))
    p.end(signal.SIGKILL)
    p.begin()
    p.until(lambda: states(p) == {"a.py": "running", "b.py": "held"}, "the list after a kill")
    must(ask(p, do="cancel", jobs=[1])[0]["was"] == "running", "a.py is cancelled")
    error = p.until_status("a.py", "cancelled")["error"]
    must(error["message"] == "cancelled by its owner; its processes were ended", str(error))
    must(ask(p, do="release", jobs="ALL")[0]["was"] == "held", "b.py is let go")
    p.until_status("b.py")
    must(ask(p, do="rerun", jobs=[2])[0]["was"] == "done", "b.py runs again")
    p.until(lambda: p.livy.times("w-b") == 2, "b.py to run again")
    p.until(lambda: len(ask(p, do="ended", after="0")) == 4, "three ends")
    ended = [(line["id"], line["status"], line["cursor"])
             for line in ask(p, do="ended", after="0")[:-1]]
    must(ended == [(1, "cancelled", "1"), (2, "ok", "2"), (3, "ok", "3")], "the ends: %s" % ended)
    must(ask(p, do="reload") == [{"type": "end"}], "a reload")
    p.stop()
    must(not p.is_there("run", "control"), "no socket is left behind")
    for s in flood:
        s.close()


# ---- the sandbox ---------------------------------------------------------------------------------

def mounted_above(tools):
    """A file system with the spool in it is mounted anew: it is another one for the kernel, and no
    rule of the sandbox's is in it."""
    p = Place(tools, scan="1s")
    yield p
    if not has_mounts():
        raise Skipped("mounts in a namespace")
    os.mkdir(p.path("disks"))
    os.mkdir(p.path("disks", "one"))
    with open(p.conf) as f:
        text = f.read()
    with open(p.conf, "w") as f:
        f.write(text.replace('"%s"' % p.path("s"), '"%s"' % p.path("disks", "one", "s")))
    for word in ("w-a", "w-b"):
        p.mount("mount", "-t", "tmpfs", "none", p.path("disks", "one"))
        os.mkdir(p.path("disks", "one", "s"))
        p.drop("a.py", code(word), "disks/one/s")
        if word == "w-a":
            p.begin()
        p.until(lambda: p.is_there("disks", "one", "s", "a.py.json"), "the result of " + word)
        p.until_idle()
        subprocess.check_call(["umount", "-l", p.path("disks", "one")])
    p.once("w-a", "w-b")



def confined(tools):
    """What a reload names outside of the sandbox needs a restart, and all goes on as before; what
    lies within needs none."""
    p = Place(tools)
    yield p
    outside = tempfile.mkdtemp(prefix="sparkspool-outside.")
    p.undo.append(["rm", "-rf", outside])
    os.mkdir(p.path("second"))
    p.begin()
    if p.logged("event=sandbox landlock=none"):
        raise Skipped("the kernel has no Landlock")
    must(p.logged("event=sandbox landlock=") == 1, "the sandbox is said")
    with open(p.conf) as f:
        text = f.read()

    def reload(path, word, times):
        with open(p.conf, "w") as f:
            f.write(text.replace('"%s"' % p.path("s"), '"%s"' % path))
        p.daemon.send_signal(signal.SIGHUP)
        p.until_logged(word, times)

    reload(outside, "event=not-reloaded", 1)
    must(p.logged("spool 's', %s, lies outside" % outside) == 1, "a word of the spool")
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    reload(p.path("second"), "event=reloaded", 1)
    p.drop("b.py", code("w-b"), "second")
    p.until(lambda: p.is_there("second", "b.py.json"), "b.py in the other spool")
    with open(p.path("runner-of-them"), "w") as f:
        f.write("secret\n")
    os.rename(p.path("runner-of-them"), os.path.join(outside, "runner.py"))
    text = text.replace(p.path("runner.py"), os.path.join(outside, "runner.py"))
    reload(p.path("second"), "event=not-reloaded", 2)
    must(p.logged("may need a restart") == 1, "a word of what cannot be read")
    p.stop()
    reload_path = os.path.join(outside, "s")
    os.mkdir(reload_path)
    with open(p.conf, "w") as f:
        f.write(text.replace('"%s"' % p.path("s"), '"%s"' % reload_path))
    p.begin()
    with open(os.path.join(outside, "c.tmp"), "w") as f:
        f.write(code("w-c"))
    os.rename(os.path.join(outside, "c.tmp"), os.path.join(reload_path, "c.py"))
    p.until(lambda: os.path.exists(os.path.join(reload_path, "c.py.json")), "c.py after the restart")
    p.once("w-a", "w-b", "w-c")


CASES = [
    overflow, deaf, made_for_another, unwatched, removed, renamed, in_its_place, another_in_its_place, unmounted,
    unmounted_raw, read_only, rewritten, changed, dropped_again, over_old_results, taken, no_job, moved_to_itself, names,
    clocks, old, old_but_there, two_daemons, copied, reload_while_it_waits,
    stop_that_cannot_be_written, watched, control, mounted_above, confined, burst, waiting_room,
]
