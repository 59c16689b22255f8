"""What came of it: verdicts against the list of known differences, and the tables of times."""
import os
import statistics

import compare

AT_TIMES = "at times:"


class Judge:
    """Takes what was given, says ok or not ok, and counts.

    Most examples come out as the first run of spark-submit did, to the byte. The second one is only
    made where they do not, and after all else, so that it disturbs no times: `postponed` until then.
    """

    def __init__(self, reference, chosen, there, spoilers, known, directory):
        self.reference = reference
        self.there = there
        self.examples = {example.name: example for example in chosen}
        self.poisons = {poison.job.name: poison for poison in spoilers}
        self.known = known
        self.directory = directory
        self.passed = 0
        self.failed = 0
        self.postponed = []
        self.equal = set()
        self.drawn = set()
        self.differing = set()
        self.seen = set()

    def say(self, what, fault):
        if fault is None:
            self.passed += 1
            print("ok " + what, flush=True)
        else:
            self.failed += 1
            print("not ok %s: %s" % (what, fault), flush=True)

    def take(self, phase, given):
        name = given.job.name
        if name in self.poisons:
            self.say("%s: %s" % (phase, name), self.poisons[name].fault(given))
            return
        self.seen.add(name)
        one = self.reference.recall(self.examples[name], 1)
        if self._fault(given, one, one) is None:
            self.equal.add(name)
            self.say("%s: %s" % (phase, name), None)
        else:
            print("# %s: %s is looked at later" % (phase, name), flush=True)
            self.postponed.append((phase, given))

    def decide(self):
        """On what was postponed: the second run of spark-submit shows what it does not repeat itself"""
        for phase, given in self.postponed:
            example = self.examples[given.job.name]
            one, other = (self.reference.outcome(example, turn, self.there) for turn in (1, 2))
            fault = self._fault(given, one, other)
            (self.drawn if fault is None else self.differing).add(example.name)
            if fault is not None:
                self._keep(phase, given, one, other, fault)
                fault = self._excuse(phase, given, one, other, fault)
            self.say("%s: %s" % (phase, example.name), fault)
        self.postponed = []

    def _excuse(self, phase, given, one, other, fault):
        """None, if the list knows it and no more is wrong than that"""
        reason = self.known.get(given.job.name)
        if reason is None or given.exit_code not in (one.exit_code, other.exit_code):
            return fault
        print("# %s: %s differs, as known: %s" % (phase, given.job.name, reason), flush=True)
        if reason.startswith(AT_TIMES):
            return compare.judge_words(given.job.base, one.out, other.out, given.out, given.err)
        return None

    @staticmethod
    def _fault(given, one, other):
        if given.exit_code not in (one.exit_code, other.exit_code):
            return "exit code %s, spark-submit has %d%s" % (
                given.exit_code, one.exit_code, "".join("; " + text for text in given.remarks))
        return compare.judge(given.job.base, one.out, other.out, given.out, given.err)

    def _keep(self, phase, given, one, other, fault):
        if not self.directory:
            return
        place = os.path.join(self.directory, phase, given.job.name.replace("/", "+"))
        os.makedirs(place, exist_ok=True)
        texts = {"submit.1": one.out, "submit.2": other.out, "out": given.out, "err": given.err,
                 "fault": "\n".join([fault] + given.remarks + [""]).encode()}
        for name, text in texts.items():
            with open(os.path.join(place, name), "wb") as file:
                file.write(text)

    def finish(self, whole):
        """A list that says more than there is hides what will come"""
        for name, reason in sorted(self.known.items()):
            if not reason:
                self.say("differences: " + name, "no reason stands beside it")
            elif whole and name not in self.examples:
                self.say("differences: " + name, "there is no such example")
            elif whole and not reason.startswith(AT_TIMES) and name not in self.differing:
                self.say("differences: " + name, "it does not differ any more: take it off the list")
        missing = sorted(set(self.examples) - self.seen)
        self.say("each example came to its end", "no outcome of " + ", ".join(missing) if missing else None)
        self._count()

    def _count(self):
        drawn = self.drawn - self.differing
        print("# of %d examples %d gave what spark-submit gave, to the byte; %d differed where two runs of "
              "spark-submit differ, and nowhere else; %d differ" % (
                  len(self.seen), len(self.equal - drawn - self.differing), len(drawn), len(self.differing)))


class Times:
    """Rows of times by example, with how long the row took and how busy the machine was meanwhile"""

    def __init__(self):
        self.rows = []

    def row(self, title):
        row = Row(title)
        self.rows.append(row)
        return row

    def show(self):
        """Of those that all rows have; the first row is what the others are held against"""
        rows = [row for row in self.rows if row.ms]
        names = sorted(set.intersection(*(set(row.ms) for row in rows))) if rows else []
        if len(rows) < 2 or not names:
            return
        print("# %-32s %8s %8s %8s %8s %8s %8s %6s" % (
            "%d examples, seconds" % len(names), "median", "slowest", "sum", "passed", "ratio", "of all", "load"))
        base = [rows[0].ms[name] for name in names]
        for row in rows:
            times = [row.ms[name] for name in names]
            passed = row.seconds if row.seconds is not None else sum(times) / 1000
            ratio = statistics.median(cold / max(warm, 1) for cold, warm in zip(base, times))
            print("# %-32s %8.2f %8.2f %8.1f %8.1f %7.1fx %7.1fx %6.1f" % (
                row.title, statistics.median(times) / 1000, max(times) / 1000, sum(times) / 1000, passed,
                ratio, sum(base) / 1000 / max(passed, 0.001), statistics.mean(row.loads)))


class Row:
    def __init__(self, title):
        self.title = title
        self.ms = {}
        self.loads = []
        # None: nothing but the sum of its times passed
        self.seconds = None

    def add(self, name, ms, load=None):
        self.ms[name] = ms
        self.loads.append(os.getloadavg()[0] if load is None else load)
