"""The files that spoil what they can reach, and what they are to give themselves."""
import os
import re

import through

EXIT = re.compile(rb"^# exit code (\d+)$", re.M)
FIRST = re.compile(rb"^# before all others", re.M)


class Poison:
    def __init__(self, directory, name):
        with open(os.path.join(directory, name), "rb") as source:
            code = source.read()
        self.job = through.Job("poison/" + name, code)
        found = EXIT.search(code)
        self.exit_code = int(found.group(1)) if found else 0
        self.is_first_only = bool(FIRST.search(code))

    def fault(self, given):
        """None, or what is wrong: a poison that did not do its work spoils nothing"""
        if given.exit_code != self.exit_code:
            return "exit code %s, not %d: %s" % (given.exit_code, self.exit_code, given.err[-400:].decode("utf-8", "replace"))
        if b"poisoned\n" not in given.out:
            return "it did not come to its end"
        return None


def find(here):
    directory = os.path.join(here, "poison")
    return [Poison(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".py")]
