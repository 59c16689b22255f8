"""Whether a run's two outputs could be the merged output that spark-submit gave.

spark-submit lets a file's standard output and standard error through as one stream; a run keeps them
apart, so their order against each other is not known any more. So the merged lines must be those of
both, each in its own order: an interleaving, not merely the same lines. Nothing is normalised but
the directory in which the file itself stands, see `without_place`.

Where two runs of spark-submit differ from each other, what they differ in is free: a number by a
number, a word by a word, or whole lines. All else must be there still.
"""
import difflib
import re

LINE = re.compile(rb"[^\n]*\n|[^\n]+")
# Blanks are one word, so that a table fits whose columns are as wide as their random numbers.
WORD = re.compile(rb"\s+|[0-9A-Za-z_.+-]+|[^0-9A-Za-z_.+-]")


def without_place(text, base):
    """A file cannot stand in two places: what leads to its name, in a traceback say, is not compared"""
    return re.sub(rb"(?<![^\s\"'])/[^\s\"']*/" + re.escape(base.encode()), b".../" + base.encode(), text)


def lines_of(text):
    """With their ends, so that a last line without one is another line"""
    return LINE.findall(text)


class Line:
    """A line that two runs agree in, or that they write in the same shape"""

    def __init__(self, one, other):
        self.text = one
        self.shape = None if one == other else shape_of(one, other)

    def fits(self, line):
        if self.shape is None:
            return line == self.text
        words = WORD.findall(line)
        return len(words) == len(self.shape) and all(s is None or s == w for s, w in zip(self.shape, words))


def shape_of(one, other):
    """The words of both with None where they differ; None if they have not the same number of words"""
    ours, theirs = WORD.findall(one), WORD.findall(other)
    if len(ours) != len(theirs):
        return None
    return [word if word == too else None for word, too in zip(ours, theirs)]


class Gap:
    """Any lines"""


def pattern_of(one, other):
    """What each run must give, from two of spark-submit"""
    ours, theirs = lines_of(one), lines_of(other)
    items = []
    for verb, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, False).get_opcodes():
        pairs = list(zip(ours[a:b], theirs[c:d]))
        if verb == "equal":
            items += [Line(*pair) for pair in pairs]
        elif verb == "replace" and b - a == d - c and all(shape_of(*pair) for pair in pairs):
            items += [Line(*pair) for pair in pairs]
        else:
            items.append(Gap())
    return items


def after_gap(states, out, err):
    """A gap takes any number of lines of either: all that is not before one of the states"""
    reached = set()
    for i, j in states:
        for more in range(i, len(out) + 1):
            reached.update((more, k) for k in range(j, len(err) + 1) if (more, k) not in reached)
    return reached


def after_line(states, line, out, err):
    reached = set()
    for i, j in states:
        if i < len(out) and line.fits(out[i]):
            reached.add((i + 1, j))
        if j < len(err) and line.fits(err[j]):
            reached.add((i, j + 1))
    return reached


def first_misfit(pattern, out, err):
    """None if the outputs fit; else (the pattern's item that cannot come next, lines of out, of err before)

    A state is how many lines of each have been taken; all that are possible are carried along.
    """
    states = {(0, 0)}
    for item in pattern:
        reached = after_gap(states, out, err) if isinstance(item, Gap) else after_line(states, item, out, err)
        if not reached:
            return (item,) + min(states)
        states = reached
    if (len(out), len(err)) in states:
        return None
    return (None,) + max(states)


def judge(base, one, other, out, err):
    """None, or in words what does not fit; base is the name of the file that gave it"""
    one, other, out, err = (without_place(text, base) for text in (one, other, out, err))
    out, err = lines_of(out), lines_of(err)
    misfit = first_misfit(pattern_of(one, other), out, err)
    if misfit is None:
        return None
    item, i, j = misfit
    wanted = "the end" if item is None else repr(item.text)
    have = [repr(line) for line in (out[i:i + 1] + err[j:j + 1])] or ["the end"]
    return "spark-submit has %s where the run has %s (line %d of its output, %d of its errors)" % (
        wanted[:200], " and ".join(text[:200] for text in have), i + 1, j + 1)


def words_of(text):
    """The words of each line: without numbers, names of places, Spark's random ids, and single letters"""
    bare = re.sub(rb"\S*/\S*|_[0-9a-f]{12}\b", b" ", text)
    return set(tuple(re.findall(rb"[A-Za-z]{2,}", line)) for line in bare.split(b"\n"))


def judge_words(base, one, other, out, err):
    """For what is drawn: None if its lines have words that spark-submit's have; a line that both runs
    of spark-submit have must not be missing, and none may be there that neither has"""
    one, other, run = (words_of(without_place(text, base)) for text in (one, other, out + b"\n" + err))
    strange, missing = run - one - other - {()}, (one & other) - run - {()}
    if strange:
        return "a line with words that spark-submit never has: %r" % b" ".join(min(strange))
    if missing:
        return "no line with the words that spark-submit always has: %r" % b" ".join(min(missing))
    return None


SAMPLES = (
    # merged, merged again, out, err, fits
    (b"a\nb\nc\n", b"a\nb\nc\n", b"a\nc\n", b"b\n", True),
    (b"a\nb\nc\n", b"a\nb\nc\n", b"c\na\n", b"b\n", False),
    (b"a\nb\n", b"a\nb\n", b"a\nb\n", b"b\n", False),
    (b"a\nb\n", b"a\nb\n", b"a\n", b"", False),
    (b"a", b"a", b"a\n", b"", False),
    (b"Pi is 3.14 or so\n", b"Pi is 3.15 or so\n", b"Pi is 3.13 or so\n", b"", True),
    (b"Pi is 3.14 or so\n", b"Pi is 3.15 or so\n", b"Pi is 3.13 or not\n", b"", False),
    (b"x\ny\nz\n", b"x\nz\n", b"x\nq\nq\nz\n", b"", True),
    (b"x\ny\nz\n", b"x\nz\n", b"x\nq\nq\n", b"", False),
    (b'File "/a/x.py", line 1\n', b'File "/a/x.py", line 1\n', b"", b'File "/b/c/x.py", line 1\n', True),
    (b'File "/a/x.py", line 1\n', b'File "/a/x.py", line 1\n', b"", b'File "/b/c/x.py", line 2\n', False),
    (b'File "/a/y.py", line 1\n', b'File "/a/y.py", line 1\n', b"", b'File "/b/y.py", line 1\n', False),
)


def check_itself():
    """A judge that lets everything pass would be no judge"""
    for one, other, out, err, fits in SAMPLES:
        if (judge("x.py", one, other, out, err) is None) != fits:
            raise AssertionError("the comparison is broken: %r" % ((one, other, out, err),))
    for out, err, fits in ((b"x is 7\nend here\n", b"", True), (b"x is 7\n", b"", False),
                           (b"x is 7\nend here\n", b"a warning\n", False)):
        if (judge_words("x.py", b"x is 1\nend here\n", b"x is 2\nend here\n", out, err) is None) != fits:
            raise AssertionError("the comparison of words is broken: %r" % ((out, err),))
