"""What happens in each run, and what must hold at its end.

Each file holds a word of its own: whatever runs twice shows in the server's list.
"""
import difflib
import json
import os
import re
import signal
import sqlite3

from world import SPOOLS, Failed

# Words that are sent, and how often: all of them once.
RUN = ("w-a1", "w-a2", "w-b", "w-c", "w-m", "w-o", "w-d", "w-slow1", "w-slow2", "w-raw1", "w-raw2",
       "w-new")
NEVER = ("w-linked", "w-latin")
PLAIN_WORDS = ("No space left on device", "disk full", "Input/output error", "disk I/O error",
               "Too many open files", "unable to open database file",
               "readonly database")
# What may fail without a word, since nothing comes of it.
HARMLESS = (
    r"(unlink|rmdir) .*/\.sparkspool-",  # a leftover; the next run with its name removes it
    r"sync .*/state$",  # SQLite's own; the ledger's follows
    r"(truncate|unlink) .*/ledger\.db-(wal|shm)$",  # what is done with
    r"open .*/state$",  # as its sync
    r"open .*/dev/urandom$",  # jansson's: it has other seeds
    r"open /proc/self/[ug]id_map$",  # then nobody's files are taken for hidden ones, with a word for each
    r"open /+(|(etc|lib|run|usr)(/.*)?)$",  # the user database's, looked up for a group: systemd's module says nothing
    r"owner .*/ledger\.db-(journal|wal|shm)$",  # SQLite's, where it runs as root: it has the right owner
)


class Scenario:
    def __init__(self, world):
        self.w = world

    def run(self):
        self.first_files()
        self.again()
        self.removed()
        self.ages()
        self.replaced("gone", "slow.py", "slow")
        self.replaced("raw", "r.py", "raw")
        self.reload()
        self.forgotten()
        self.stop()

    def first_files(self):
        """Found by the first scan, and by what the kernel says; each of another kind."""
        w = self.w
        a = w.put("keep", "a.py", "print('w-a1')  # leaves sub/left.txt\n")
        b = w.put("keep", "b.sql", "select 'w-b';\n")
        w.start()
        c = w.put("raw", "c.py", "print('w-c')\n")
        m = w.put("away", "m.py", "print('w-m')\n")
        d = w.put("gone", "d.py", "print('w-d')\n")
        w.put("keep", "linked.tmp", "print('w-linked')\n")
        os.link(w.path("keep", "linked.tmp"), w.path("keep", "linked.py"))
        w.put("keep", "latin.py", b"print('w-latin \xe9')\n")
        w.until(lambda: w.is_recorded("keep", "a.py", a), "a.py")
        w.until(lambda: w.is_recorded("keep", "b.sql", b), "b.sql")
        w.until(lambda: w.is_recorded("raw", "c.py", c), "c.py")
        w.until(lambda: w.is_recorded("away", "m.py", m), "m.py")
        w.until(lambda: w.is_recorded("gone", "d.py", d), "d.py")
        w.until(lambda: w.is_there("away", "done", "m.py"), "m.py being moved")
        w.until(lambda: not w.is_there("gone", "d.py"), "d.py being deleted")
        w.until(lambda: w.record("keep", "latin.py") is not None, "latin.py being rejected")

    def again(self):
        """A kept file that has changed; it leaves less than before."""
        w = self.w
        a = w.put("keep", "a.py", "print('w-a2')\n")
        w.until(lambda: w.is_recorded("keep", "a.py", a), "a.py again")

    def removed(self):
        """Its owner removes one that has run; after a power cut, again."""
        w = self.w

        def is_forgotten():
            if w.is_there("keep", "b.sql"):
                w.remove("keep", "b.sql")
            rows = ledger_rows(w, "select count(*) from job where live = 1 and name = cast('b.sql' as blob)")
            return rows == [(0,)]
        w.until(is_forgotten, "b.sql to be forgotten")

    def ages(self):
        """By the time that all others are done it is old."""
        self.w.put("old", "o.py", "print('w-o')  # leaves sub/left.txt\n")

    def replaced(self, spool, name, word):
        """The old bytes' result says that it is superseded, then the new ones run."""
        w = self.w
        text = "print('w-%s%d')  # gate %s%d\nprint('more')\n"
        old = w.put(spool, name, text % (word, 1, word, 1))
        w.until(lambda: w.livy.times("w-%s1" % word) > 0, name + " to start")
        new = w.put(spool, name, text % (word, 2, word, 2))
        w.livy.open(word + "1")
        w.until(lambda: w.is_recorded(spool, name, old), name + ", the old one")
        if not w.record(spool, name)["superseded"]:
            raise Failed("%s was replaced while it ran, and its record does not say so" % name)
        w.livy.open(word + "2")
        w.until(lambda: w.is_recorded(spool, name, new), name + ", the new one")

    def reload(self):
        """A spool more."""
        w = self.w
        new = w.put("more", "n.py", "print('w-new')\n")
        w.configure(recycle=2, more=True)
        w.tend()
        asked = [0]

        def reloaded():
            """Refused, while the fault lasts, it is asked for again."""
            if w.is_started() and asked[0] <= w.refusals():
                asked[0] += 1
                w.daemon.send_signal(signal.SIGHUP)
            return w.is_recorded("more", "n.py", new)
        w.until(reloaded, "n.py after the reload")
        w.until(lambda: not w.is_there("more", "n.py"), "n.py being deleted")
        w.until(lambda: not w.is_there("gone", "slow.py"), "slow.py being deleted")

    def forgotten(self):
        """It goes, with all that it has left."""
        w = self.w

        def is_gone():
            if w.livy.times("w-o") == 0:
                return False
            rows = ledger_rows(w, "select count(*) from job where spool = 'old'")
            return rows == [(0,)] and os.listdir(w.path("old")) == ["done"] and \
                os.listdir(w.path("old", "done")) == []
        w.until(is_gone, "o.py to be forgotten")

    def stop(self):
        """Killed on the way, it is started again and stopped once more; again() says how often."""
        w = self.w
        w.until(lambda: all_done(w), "the ledger to be done with all files")
        w.daemon.send_signal(signal.SIGTERM)
        code = w.daemon.wait()
        while code != 0:
            w.again(code)
            w.until(w.is_started, "another start")
            w.daemon.send_signal(signal.SIGTERM)
            code = w.daemon.wait()


# ---- what must hold at the end ------------------------------------------------------------------

def ledger_rows(w, query):
    """Read beside the daemon, as an operator would; no ledger has no rows."""
    try:
        db = sqlite3.connect("file:%s?mode=ro" % w.path("state", "ledger.db"), uri=True, timeout=5)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()
    except sqlite3.OperationalError:
        return None


def all_done(w):
    rows = ledger_rows(w, "select count(*) from job where live = 1 and state <> 8")
    return rows == [(0,)]


def plain(record):
    """A record without what may differ from run to run."""
    for key in ("times", "session", "statement", "id", "answer", "attempts"):
        del record[key]
    for key in ("mtime", "path"):
        del record["input"][key]
    return json.dumps(record, sort_keys=True)


def page(text):
    """A page without its times and names."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+( ?(UTC|Z))?", "TIME", text)
    text = re.sub(r"sparkspool-[0-9a-f]+-\w+-[0-9a-f]+", "SESSION", text)
    text = re.sub(r"([\d.]+ ?(ms|s|min|h)\b ?)+", "LENGTH", text)
    text = re.sub(r"<dt>(Statement|Attempts)</dt><dd>\d+</dd>", "", text)
    return re.sub(r"/[^\s\"<]*sparkspool-crash\.\w+", "TOP", text)


def contents(w):
    """All that lies in the spools, by name."""
    found = {}
    for spool in SPOOLS:
        for top, dirs, files in os.walk(w.path(spool)):
            for name in dirs + files:
                path = os.path.join(top, name)
                short = os.path.relpath(path, w.top)
                found[short] = "directory" if os.path.isdir(path) else file_contents(path)
    return found


def file_contents(path):
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".json"):
        return plain(json.loads(data.decode()))
    return page(data.decode()) if path.endswith(".html") else data.decode("latin-1")


def differences(wanted, found):
    out = []
    for name in sorted(set(wanted) | set(found)):
        if name not in found:
            out.append("%s is missing" % name)
        elif name not in wanted:
            out.append("%s should not be there" % name)
        elif wanted[name] != found[name]:
            lines = difflib.unified_diff(wanted[name].splitlines(), found[name].splitlines(),
                                         "as it should be", "as it is", n=0, lineterm="")
            out.append("%s differs\n    %s" % (name, "\n    ".join(list(lines)[:12])))
    return out


def check_runs(w):
    for word in RUN:
        times = w.livy.times(word)
        if times != 1:
            raise Failed("%s ran %d times" % (word, times))
    for word in NEVER:
        if w.livy.times(word) != 0:
            raise Failed("%s ran" % word)


def check_sessions(w):
    """What is left on the server is in the ledger: no session is lost."""
    known = [name for (name,) in ledger_rows(w, "select name from session") or []]
    lost = [s.name for s in w.livy.sessions if s.name not in known]
    if lost:
        raise Failed("sessions that nobody knows any more: %s" % ", ".join(lost))


def check_ledger(w):
    rows = ledger_rows(w, "pragma integrity_check")
    if rows != [("ok",)]:
        raise Failed("the ledger: %s" % rows)
    rows = ledger_rows(w, "select state, status, count(*) from job where live = 1 "
                          "and (state <> 8 or status not in (1, 7)) group by 1, 2")
    if rows:
        raise Failed("files that are not done, or not well: %s" % rows)


def check_words(w):
    """Whoever reads the log learns what was wrong."""
    said, where = w.words(1), w.last_call(w.plan.at)
    harmless = any(re.search(p, where) for p in HARMLESS)
    if "socket" in where and "event=down" not in said:
        harmless = True  # libcurl asks itself whether there is IPv6
    if w.plan.is_error() and w.is_struck() and not harmless and \
            not any(p in said for p in PLAIN_WORDS):
        raise Failed("not a word of the error in the log")


def check(w, wanted):
    """wanted: what an undisturbed run left, or None."""
    check_words(w)
    check_runs(w)
    check_sessions(w)
    check_ledger(w)
    found = contents(w)
    wrong = differences(wanted, found) if wanted is not None else []
    if wrong:
        raise Failed("the spools differ:\n  " + "\n  ".join(wrong))
    return found


def objects(w, wanted):
    try:
        check(w, wanted)
    except Failed:
        return True
    return False


def check_the_check(w, wanted):
    """One that lets everything pass would pass for ever."""
    w.livy.note("print('w-a1')")
    if not objects(w, wanted):
        raise Failed("this check is broken: it does not see what runs twice")
    w.livy.started.pop()
    os.rename(w.path("keep", "a.py.out"), w.path("keep", ".a"))
    if not objects(w, wanted):
        raise Failed("this check is broken: it does not see what is lost")
    os.rename(w.path("keep", ".a"), w.path("keep", "a.py.out"))
    check(w, wanted)
