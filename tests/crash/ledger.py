"""What becomes of a ledger that is torn, damaged, lost, or older than the spools.

Nothing that has run runs again, no result that lies there changes, and the daemon works, or says in
plain words why it does not.
"""
import glob
import os
import random
import shutil
import signal

import scenario
from world import Failed

HOW = ("torn", "damaged", "lost", "log-lost", "older")
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
    w.end(signal.SIGKILL)
    before = results(w)
    globals()[how.replace("-", "_")](w, random.Random("%s %d" % (how, number)))
    w.start()
    w.put("keep", "z.py", "print('w-z')\n")
    w.wait_for(lambda: refused(w) or w.record("keep", "z.py") is not None, "a file after it")
    w.end(signal.SIGKILL)
    after = results(w)
    for name, text in before.items():
        if after.get(name) != text:
            raise Failed("%s was\n%s\nand now is\n%s" % (name, text, after.get(name)))
    for word in scenario.RUN + ("w-z",):
        if w.livy.times(word) > 1:
            raise Failed("%s ran %d times" % (word, w.livy.times(word)))
