"""Which of Spark's own examples are run, with which arguments, and what they find around them."""
import hashlib
import os
import shutil


class ListError(Exception):
    """A list of this directory says something that is not so."""


def read_list(path):
    """{name: rest of the line} of a file of names; # begins a comment, empty lines are nothing."""
    entries = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split(None, 1)
            if not words or words[0].startswith("#"):
                continue
            if words[0] in entries:
                raise ListError("%s:%d: %s stands there twice" % (path, number, words[0]))
            entries[words[0]] = words[1].strip() if len(words) > 1 else ""
    return entries


class Example:
    def __init__(self, root, name, args):
        self.name = name
        self.args = args
        self.path = os.path.join(root, name)
        with open(self.path, "rb") as source:
            self.code = source.read()

    @property
    def key(self):
        """The name as one component of a path"""
        return self.name.replace("/", "+")

    @property
    def base(self):
        return os.path.basename(self.name)

    @property
    def sum(self):
        """Changes with everything of the example that its outcome may depend on"""
        said = hashlib.sha256(self.code)
        said.update(repr(self.args).encode())
        return said.hexdigest()


class Examples:
    """Those of one installed pyspark. Every file is either run or left out with a reason."""

    def __init__(self, spark_home, here):
        self.data = os.path.join(spark_home, "data")
        root = os.path.join(spark_home, "examples", "src", "main", "python")
        there = self._find(root)
        self.left_out = read_list(os.path.join(here, "left-out"))
        self.arguments = read_list(os.path.join(here, "arguments"))
        self._check(there)
        self.all = [Example(root, name, self.arguments.get(name, "").split())
                    for name in there if name not in self.left_out]

    @staticmethod
    def _find(root):
        found = []
        for directory, _, names in os.walk(root):
            found += [os.path.relpath(os.path.join(directory, name), root)
                      for name in names if name.endswith(".py")]
        if not found:
            raise ListError("%s has no examples: is this a pyspark from PyPI?" % root)
        return sorted(found)

    def _check(self, there):
        for what, entries in (("left-out", self.left_out), ("arguments", self.arguments)):
            strangers = sorted(set(entries) - set(there))
            if strangers:
                raise ListError("%s: there is no example %s" % (what, ", ".join(strangers)))
        both = sorted(set(self.left_out) & set(self.arguments))
        if both:
            raise ListError("both left out and given arguments: %s" % ", ".join(both))

    def plain(self):
        """Those that need no arguments"""
        return [example for example in self.all if example.name not in self.arguments]

    def furnish(self, directory):
        """What an example finds in its working directory: Spark's data, a copy that it may spoil"""
        shutil.copytree(self.data, os.path.join(directory, "data"))
