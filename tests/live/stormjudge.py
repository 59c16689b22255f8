"""What must hold when the storm is over, and the table of what was seen."""
import os
import re

from stormworld import SPOOLS

WORDS = ("none", "ok", "error", "timeout", "cancelled", "died", "unknown", "rejected")
SHOWN = ("ok", "died", "unknown", "rejected", "cancelled", "unseen", "error")
REPORTS = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error|Assertion .* failed")


class Seen:
    """What is known of one file at the end."""
    def __init__(self, world, file, rows, times):
        self.file, self.rows, self.record = file, rows, world.record(file)
        self.lines = file.count()
        self.ledger = [WORDS[row[1] or 0] for row in rows]
        self.sessions = [row[2] for row in rows if row[2]]
        self.status = self.ledger[-1] if self.ledger else "unseen"
        self.done = times.get(rows[-1][3] if rows else None, float("inf"))

    def __str__(self):
        return "%s (%s; ledger %s, record %s, %d lines, %s)" % (
            self.file.name, self.file.fate, self.ledger,
            self.record and self.record["status"], self.lines, ",".join(self.sessions))


def is_single(s):
    """One row that has come to its end, and a record that says the same."""
    if not s.rows:
        return s.file.fate == "removed" and s.record is None
    if len(s.rows) != 1 or s.rows[0][0] != 8 or s.status == "none":
        return False
    if s.status == "cancelled":
        return s.record is None and s.file.fate == "removed"
    return s.record is not None and s.record["status"] == s.status


def is_waiting(s):
    """Not at its end: a storm that was cut short by its limit."""
    return any(row[0] != 8 for row in s.rows)


def is_wounded(s):
    """Its end is one that only the loss of a session can explain."""
    return s.status in ("died", "unknown") or s.status == "rejected" and s.file.fate != "refused"


def is_hit(s, harm):
    """Whether its session had lost its driver or its server before it came to its end."""
    return any(names.intersection(s.sessions) and since <= s.done for names, since in harm)


def is_lost(s):
    if is_waiting(s):
        return False
    return not (s.rows or s.file.fate == "removed") or "none" in s.ledger


def is_as_expected(s, phase):
    """Of its status alone, by what was done to it."""
    if is_waiting(s):
        return True
    if s.file.fate == "refused":
        return s.status == "rejected"
    if s.file.fate == "removed" and s.status in ("cancelled", "unseen"):
        return True
    if phase == "daemon":
        return s.status == "ok"
    return s.status in ("ok", "died", "unknown", "rejected")


def judge(world, phase):
    """([(name, why it failed or "")], the line of the table); says each verdict as it goes."""
    ledger = world.ledger()
    times = world.done_times()
    seen = [Seen(world, f, ledger.get(f.name, []), times) for f in world.dropped]
    names = {s.file.name for s in seen}
    with open(world.path("log"), errors="replace") as f:
        reports = REPORTS.findall(f.read())
    left = [n for s in SPOOLS for n in os.listdir(world.path(s)) if n.startswith(".")]
    sessions, drivers = world.left
    checks = [
        ("every file has one status, in record and ledger alike",
         [s for s in seen if not is_single(s)]),
        ("no file is lost", [s for s in seen if is_lost(s)]),
        ("no file has run twice", [s for s in seen if s.lines > 1]),
        ("every ok has one line", [s for s in seen if s.status == "ok" and s.lines != 1]),
        ("what was rejected, cancelled or never seen has none",
         [s for s in seen if s.status in ("rejected", "cancelled", "unseen") and s.lines]),
        ("every file that no kill has touched is ok" if phase != "daemon" else
         "every file is ok", [s for s in seen if not is_as_expected(s, phase)]),
        ("died and unknown only where a driver or Livy was killed",
         [s for s in seen if is_wounded(s) and not is_hit(s, world.harm)]),
        ("nothing else is in the ledger", [n for n in ledger if n not in names]),
        ("nothing hidden is left in the spools", left),
        ("no session is left on the server",
         ["the server is silent"] if sessions is None else sessions),
        ("no driver is left", drivers),
        ("the daemon ends when it is told to, and comes to rest", world.wrong),
        ("no assertion, no sanitizer", reports),
        ("something of each kind was killed",
         [k for k, n in world.kills.items() if not n and (k == "daemon" or phase != "daemon")]),
    ]
    verdicts = [say("storm of %s: %s" % (phase, name), bad) for name, bad in checks]
    return verdicts, row(world, seen, phase)


def say(name, bad):
    why = "; ".join(str(b) for b in bad[:5]) + (" and %d more" % (len(bad) - 5) if bad[5:] else "")
    print("not ok %s: %s" % (name, why) if why else "ok " + name, flush=True)
    return name, why


def row(world, seen, phase):
    """The table's line: kills, statuses, lines, lost, run twice, seconds."""
    count = lambda holds: sum(1 for s in seen if holds(s))
    cells = [phase, len(seen)] + [world.kills[k] for k in ("daemon", "driver", "livy")]
    cells += [count(lambda s: s.status == w) for w in SHOWN]
    cells += [count(lambda s: s.lines == 0), count(lambda s: s.lines == 1)]
    cells += [count(is_waiting), count(is_lost), count(lambda s: s.lines > 1), world.seconds]
    return cells


def show(rows):
    head = ["phase", "files", "-daemon", "-driver", "-livy"] + list(SHOWN) + \
        ["lines:0", "1", "waiting", "lost", "twice", "seconds"]
    widths = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
    for r in [head] + rows:
        print("# " + " ".join(str(c).rjust(w) for c, w in zip(r, widths)), flush=True)
