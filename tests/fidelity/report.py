"""What came of it: verdicts against the list of known differences, and the table of times."""
import os
import statistics

import compare

AT_TIMES = "at times:"


class Judge:
    """Takes what was given, says ok or not ok, and counts"""

    def __init__(self, outcomes, spoilers, known, directory):
        self.outcomes = outcomes
        self.poisons = {poison.job.name: poison for poison in spoilers}
        self.known = known
        self.directory = directory
        self.passed = 0
        self.failed = 0
        self.differing = set()
        self.seen = set()
        self.times = Times(outcomes)

    def _say(self, fault, what):
        if fault is None:
            self.passed += 1
            print("ok " + what, flush=True)
        else:
            self.failed += 1
            print("not ok %s: %s" % (what, fault), flush=True)

    def take(self, phase, given):
        name = given.job.name
        if name in self.poisons:
            self._say(self.poisons[name].fault(given), "%s: %s" % (phase, name))
            return
        self.times.add(phase, given)
        self.seen.add(name)
        fault = self._fault(given)
        if fault is not None:
            self._keep(phase, given, fault)
            self.differing.add(name)
            if name in self.known and not fault.startswith("exit code"):
                print("# %s: %s differs, as known: %s" % (phase, name, self.known[name]), flush=True)
                fault = None
        self._say(fault, "%s: %s" % (phase, name))

    def _fault(self, given):
        one, other = self.outcomes[given.job.name]
        if given.exit_code not in (one.exit_code, other.exit_code):
            return "exit code %s, spark-submit has %d%s" % (
                given.exit_code, one.exit_code, "".join("; " + text for text in given.remarks))
        return compare.judge(given.job.base, one.out, other.out, given.out, given.err)

    def _keep(self, phase, given, fault):
        if not self.directory:
            return
        place = os.path.join(self.directory, phase, given.job.name.replace("/", "+"))
        os.makedirs(place, exist_ok=True)
        one, other = self.outcomes[given.job.name]
        texts = {"submit.1": one.out, "submit.2": other.out, "out": given.out, "err": given.err,
                 "fault": "\n".join([fault] + given.remarks + [""]).encode()}
        for name, text in texts.items():
            with open(os.path.join(place, name), "wb") as file:
                file.write(text)

    def finish(self, whole):
        """A list that says more than there is hides what will come"""
        for name, reason in sorted(self.known.items()):
            if not reason:
                self._say("no reason stands beside it", "differences: " + name)
            elif name not in self.outcomes:
                if whole:
                    self._say("there is no such example", "differences: " + name)
            elif whole and not reason.startswith(AT_TIMES) and name not in self.differing:
                self._say("it does not differ any more: take it off the list", "differences: " + name)
        missing = sorted(set(self.outcomes) - self.seen)
        self._say("no outcome of " + ", ".join(missing) if missing else None, "each example came to its end")
        self._count()

    def _count(self):
        steady = [name for name, (one, other) in self.outcomes.items() if one.out == other.out]
        equal = self.seen - self.differing
        print("# of %d examples spark-submit gives %d twice the same; of these %d came through to the byte" % (
            len(self.outcomes), len(steady), len(equal & set(steady))))
        print("# of the other %d, %d differ from spark-submit in nothing but what it differs in itself" % (
            len(self.outcomes) - len(steady), len(equal - set(steady))))


class Times:
    """How long each took alone, twice, and in each phase, and how busy the machine was"""

    TITLES = {"apart": "warm, one after the other", "together": "warm, poisoned, several at once"}

    def __init__(self, outcomes):
        self.alone = outcomes
        self.phases = {}
        self.loads = {}
        self.wholes = {}

    def add(self, phase, given):
        self.phases.setdefault(phase, {})[given.job.name] = given.ms
        self.loads.setdefault(phase, []).append(os.getloadavg()[0])

    def whole(self, phase, seconds):
        self.wholes[phase] = seconds

    def _rows(self, names):
        """(title, times, time that passed, load)"""
        for turn, title in enumerate(("spark-submit", "spark-submit, quick JVM flags")):
            outcomes = [self.alone[name][turn] for name in names]
            times = [outcome.ms for outcome in outcomes]
            yield title, times, sum(times) / 1000, statistics.mean(outcome.load for outcome in outcomes)
        for phase, times in self.phases.items():
            yield (self.TITLES[phase], [times[name] for name in names], self.wholes[phase],
                   statistics.mean(self.loads[phase]))

    def show(self):
        """Of those that came through in each phase"""
        names = sorted(set.intersection(*map(set, self.phases.values()))) if self.phases else []
        if not names:
            return
        rows = list(self._rows(names))
        base = rows[0][1]
        print("# %-32s %8s %8s %8s %8s %8s %8s %6s" % (
            "%d examples, seconds" % len(names), "median", "slowest", "sum", "passed", "ratio", "of all", "load"))
        for title, times, whole, load in rows:
            ratio = statistics.median(cold / max(warm, 1) for cold, warm in zip(base, times))
            print("# %-32s %8.2f %8.2f %8.1f %8.1f %7.1fx %7.1fx %6.1f" % (
                title, statistics.median(times) / 1000, max(times) / 1000, sum(times) / 1000, whole,
                ratio, sum(base) / 1000 / max(whole, 0.001), load))
