"""sqlsplit: where the statements of a SQL file begin and end, by the rules of Spark's own lexer.

A `;` separates statements unless it stands in a string, a quoted identifier, a comment or a
BEGIN ... END block. The file of tests holds this against the lexer of the Spark at hand.
"""

import collections
import re

# text    from its first token to before the `;`, line ends as Spark's shell makes them: all "\n"
# line    of its first token, from 1
# column  of its first token, from 0
# word    its first word in upper case, "" where it begins with something else
# block   it is a BEGIN ... END block
# open    what it never closes: "", "string", "identifier", "comment" or "block"
Statement = collections.namedtuple("Statement", "text line column word block open")

# The lexer takes the longest token, so a word is taken whole: the r of bar'x' makes no raw string.
# A line comment goes on after a backslash at the line's end: so Spark has it. A hint is no comment:
# what stands in it are tokens.
_TOKEN = re.compile(r"""
    (?P<line>  --(?:\\\n|[^\n])* )
  | (?P<hint>  /\*\+ | \*/ )
  | (?P<comment> /\* )
  | (?P<raw>   [rR](?:'[^']*'|"[^"]*") )
  | (?P<text>  '[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*" )
  | (?P<name>  `[^`]*(?:``[^`]*)*` )
  | (?P<word>  \w+ )
  | (?P<end>   ; )
  | (?P<blank> [ \t\n\r]+ )
  | (?P<other> . )
""", re.VERBOSE | re.DOTALL)
_COMMENT_EDGE = re.compile(r"/\*(?!\+)|\*/")

# Before raw strings, the r of r'x\' was a word of its own and the backslash an escape.
RAW_STRINGS_SINCE = (3, 3)

# END of these closes nothing that is counted: their beginnings look like other things (IF EXISTS,
# a function called repeat), so only BEGIN and CASE are counted.
_UNCOUNTED = ("IF", "WHILE", "REPEAT", "LOOP", "FOR")

# Alone, these are no statement, as in Spark's shell. In one, Spark objects to all but four of them.
_BLANK = "".join(chr(code) for code in range(0x21))

_OPENERS = {"'": "string", '"': "string", "`": "identifier"}


def lines_of(text):
    """The text as Spark's shell reads it: without a byte order mark, each line's end one "\\n"."""
    if text.startswith("\ufeff"):
        text = text[1:]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split(text, raw_strings=True):
    """The statements of a file, as a list. Comments between statements belong to none."""
    return _Splitter(lines_of(text), raw_strings).statements()


class _Block(object):
    """How deep in BEGIN and CASE we are, told from the words of one statement."""

    def __init__(self):
        self.first = []  # a block begins with BEGIN, or with a label, a colon and BEGIN
        self.is_block = False
        self.depth = 0
        self.previous = ""
        self.ended = False  # the last word was an END, and what follows says of what

    def token(self, kind, text):
        word = text.upper() if kind == "word" else text
        if not self.is_block:
            self._begins(kind, word)
        elif kind == "word" and self.previous not in (".", "AS"):
            self._inside(word)
        else:
            self._settle("")
        self.previous = word

    def _begins(self, kind, word):
        if len(self.first) < 3:
            self.first.append("label" if kind == "name" else word)
        labelled = len(self.first) == 3 and self.first[1] == ":" and self.first[2] == "BEGIN"
        if self.first == ["BEGIN"] or labelled:
            self.is_block = True
            self.depth = 1

    def _inside(self, word):
        if self._settle(word):
            return
        if word in ("BEGIN", "CASE"):
            self.depth += 1
        elif word == "END":
            self.ended = True

    def _settle(self, word):
        """What an END before this word closes; True if the word belongs to that END."""
        if not self.ended:
            return False
        self.ended = False
        if word in _UNCOUNTED:
            return True
        self.depth -= 1
        return word == "CASE"

    def goes_on(self):
        """At a `;` or the text's end: whether it stands inside the block."""
        self._settle("")
        return self.is_block and self.depth > 0


class _Splitter(object):
    def __init__(self, text, raw_strings):
        self.text = text
        self.raw_strings = raw_strings
        self.found = []
        self.line = 1
        self.counted = 0  # up to where lines are counted
        self._next()

    def _next(self):
        """Nothing of the next statement has been seen."""
        self.start = None
        self.word = ""
        self.block = _Block()
        self.open = ""

    def statements(self):
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            at = self._take(match.lastgroup, match)
        if self.block.goes_on() and not self.open:
            self.open = "block"
        self._finish(len(self.text))
        return self.found

    def _take(self, kind, match):
        """One token; where the next one begins."""
        at, end, token = match.start(), match.end(), match.group()
        if kind in ("line", "blank"):
            return end
        if kind == "comment":
            return self._comment(at, end)
        if kind == "end":
            if not self.block.goes_on():
                self._finish(at)
            return end
        if kind == "raw" and not self.raw_strings:
            kind, end, token = "word", at + 1, token[0]
        self._begin(at, token if kind == "word" else "")
        if kind == "other" and token in _OPENERS:
            # The quote is never closed. All that follows is in it, whatever it looks like.
            self.open = _OPENERS[token]
            return len(self.text)
        self.block.token(kind, token)
        return end

    def _begin(self, at, word):
        if self.start is None:
            self.start = at
            self.word = word.upper()

    def _comment(self, start, at):
        """Past a bracketed comment, and those in it."""
        depth = 1
        while depth:
            edge = _COMMENT_EDGE.search(self.text, at)
            if edge is None:
                self._begin(start, "")  # Spark shall say so, though no statement may follow
                self.open = "comment"
                return len(self.text)
            depth += -1 if edge.group() == "*/" else 1
            at = edge.end()
        return at

    def _finish(self, end):
        if self.start is not None and self.text[self.start:end].strip(_BLANK):
            self.line += self.text.count("\n", self.counted, self.start)
            self.counted = self.start
            column = self.start - (self.text.rfind("\n", 0, self.start) + 1)
            self.found.append(Statement(self.text[self.start:end].rstrip(_BLANK), self.line, column,
                                        self.word, self.block.is_block, self.open))
        self._next()
