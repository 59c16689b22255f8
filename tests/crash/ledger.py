"""What becomes of a ledger that is torn, damaged, lost, or older than the spools.

Nothing that has run runs again, no result that lies there changes, and the daemon works, or says in
plain words why it does not. Where the ledger is lost whatever has no record is held, and runs when it
is let go.
"""
import glob
import os
import random
import shutil
import signal

import scenario
from world import Failed

HOW = ("torn", "damaged", "lost", "all-lost", "log-lost", "older")
LOST = ("lost", "all-lost")
REFUSALS = ("is damaged", "is not a ledger", "copied or restored")


def files(w):
    return sorted(glob.glob(w.path("state", "ledger.db*")))


def torn(w, rng):
    """The log ends somewhere."""
    name = w.path("state", "ledger.db-wal")
    os.truncate(name, rng.randrange(os.path.getsize(name)))


def damaged(w, rng):
    """Somewhere stands something else."""
    name = rng.choice([f for f in files(w) if not f.endswith("-shm") and os.path.getsize(f) > 0])
    with open(name, "r+b") as f:
        f.seek(rng.randrange(os.path.getsize(name)))
        f.write(bytes(rng.randrange(256) for _ in range(rng.choice((1, 16, 600)))))


def lost(w, rng):
    for name in files(w):
        os.unlink(name)


def all_lost(w, rng):
    """The records in the spools are all that is left of that life."""
    shutil.rmtree(w.path("state"))


def log_lost(w, rng):
    os.unlink(w.path("state", "ledger.db-wal"))


def older(w, rng):
    shutil.rmtree(w.path("state"))
    os.rename(w.path("older"), w.path("state"))


def results(w):
    return {n: c for n, c in scenario.contents(w).items() if n.endswith((".out", ".csv", ".json"))}


def refused(w):
    code = w.daemon.poll()
    if code is None:
        return False
    if code != 75 or not any(r in w.words(w.lives) for r in REFUSALS):
        raise Failed("the daemon ended with code %d, and does not say why" % code)
    return True


def before_loss(w):
    """One that runs, and one that comes while nobody is there; each without a record."""
    w.put("keep", "runs.py", "print('w-runs')  # gate runs\n")
    w.until(lambda: w.livy.times("w-runs") == 1, "runs.py to start")
    w.end(signal.SIGKILL)
    w.livy.open("runs")
    w.put("keep", "waits.py", "print('w-waits')\n")


def is_held(w, name):
    return 'event=held spool=keep file="%s"' % name in w.words(w.lives)


def release(w):
    open(w.path("state", "release"), "w").close()
    w.daemon.send_signal(signal.SIGHUP)


def after_loss(w):
    """The first is removed by somebody who knows that it has run, the other is let go."""
    held = ("runs.py", "waits.py")
    w.wait_for(lambda: all(is_held(w, name) for name in held), "both files being held")
    w.wait_for(lambda: "event=ledger-lost" in w.words(w.lives), "a word of the ledger")
    w.put("keep", "new.py", "print('w-later')\n")
    w.wait_for(lambda: w.record("keep", "new.py") is not None, "a file that came later")
    for name in held:
        if w.livy.times("w-" + name[:-3]) != (name == "runs.py") or w.record("keep", name):
            raise Failed("%s was held, and has run" % name)
    os.unlink(w.path("keep", "runs.py"))
    release(w)
    w.wait_for(lambda: w.record("keep", "waits.py") is not None, "waits.py being let go")
    w.wait_for(lambda: not w.is_there("state", "release"), "the file release being removed")


def run(w, how, number):
    s = scenario.Scenario(w)
    s.first_files()
    w.until(lambda: scenario.all_done(w), "the first files to be done with")
    if how == "older":
        w.end(signal.SIGKILL)
        shutil.copytree(w.path("state"), w.path("older"))
        w.start()
    s.again()
    w.until(lambda: scenario.all_done(w), "all to be done with")
    if how in LOST:
        before_loss(w)
    w.end(signal.SIGKILL)
    before = results(w)
    globals()[how.replace("-", "_")](w, random.Random("%s %d" % (how, number)))
    w.start()
    if how in LOST:
        after_loss(w)
    w.put("keep", "z.py", "print('w-z')\n")
    w.wait_for(lambda: refused(w) or is_held(w, "z.py") or w.record("keep", "z.py") is not None,
               "a file after it")
    if is_held(w, "z.py"):  # without its log a young ledger is an empty one: lost, too
        release(w)
        w.wait_for(lambda: w.record("keep", "z.py") is not None, "z.py being let go")
    w.end(signal.SIGKILL)
    after = results(w)
    for name, text in before.items():
        if after.get(name) != text:
            raise Failed("%s was\n%s\nand now is\n%s" % (name, text, after.get(name)))
    for word in scenario.RUN + ("w-z", "w-runs", "w-waits", "w-later"):
        if w.livy.times(word) > 1:
            raise Failed("%s ran %d times" % (word, w.livy.times(word)))
