"""sqlerror: what Spark says went wrong with a statement, with places counted as the file's own."""

import collections
import re

CAUSES_MAX = 5
CHARS_MAX = 1 << 20

# name, message and line as the record has them; text is what standard error shows.
Error = collections.namedtuple("Error", "name message line text")

# Where Spark puts places into its messages: a syntax error, a name not found, a value at run time.
_PLACES = (re.compile(r"(\(line )(\d+)(, pos )(\d+)(\))"),
           re.compile(r"(; line )(\d+)( pos )(\d+)()"),
           re.compile(r"(== SQL \(line )(\d+)(, position )(\d+)(\) ==)"))
_BLOCK_LINE = re.compile(r"\A\{LINE:(\d+)\}")  # in a BEGIN ... END block
# Known by another name to everyone, pyspark included.
_NAMES = {"ExtendedAnalysisException": "AnalysisException"}
_JOB_FAILED = "Job aborted"


def of(exception, statement):
    """The error of a statement, from the exception that Python caught."""
    thrown = getattr(exception, "java_exception", None) or getattr(exception, "_origin", None)
    if thrown is None:
        message = _cut(str(getattr(exception, "desc", None) or exception))
        name = type(exception).__name__
        return Error(name, message, statement.line, "%s: %s" % (name, message))
    thrown = _real(thrown)
    name = _NAMES.get(thrown.getClass().getSimpleName(), thrown.getClass().getSimpleName())
    message = _placed(_message(thrown), statement)
    line = statement.line + _line(thrown, statement) - 1
    text = "\n".join(["%s: %s" % (name, message)] + _causes(thrown, message))
    return Error(name, message, line, text)


def _real(thrown):
    """What a task threw, not what Spark says of the job in which it did, with stack traces in words."""
    for _ in range(CAUSES_MAX):
        cause = thrown.getCause()
        if cause is None or not _message(thrown).startswith(_JOB_FAILED):
            break
        thrown = cause
    return thrown


def _message(thrown):
    return _cut(thrown.getMessage() or thrown.toString())


def _cut(text):
    text = text.strip("\n")
    return text if len(text) <= CHARS_MAX else text[:CHARS_MAX] + " ..."


def _causes(thrown, said):
    lines = []
    for _ in range(CAUSES_MAX):
        thrown = thrown.getCause()
        if thrown is None:
            break
        message = _message(thrown)
        if message not in said:
            lines.append("Caused by %s: %s" % (thrown.getClass().getSimpleName(), message))
    return lines


def _line(thrown, statement):
    """The line in the statement, from 1. Not every error has one, not every version tells it."""
    for ask in (_line_of_block, _line_of_analysis, _line_of_context):
        try:
            line = ask(thrown, statement)
        except Exception:
            continue
        if line and line <= statement.text.count("\n") + 1:
            return line
    return 1


def _line_of_block(thrown, _statement):
    said = _BLOCK_LINE.match(thrown.getMessage())
    return int(said.group(1)) if said else None


def _line_of_analysis(thrown, _statement):
    line = thrown.line()
    return line.get() if line.isDefined() else None


def _line_of_context(thrown, statement):
    contexts = thrown.getQueryContext()
    if not len(contexts) or contexts[0].objectType():
        return None  # the place is in a view, not in the file
    return statement.text.count("\n", 0, contexts[0].startIndex()) + 1


def _placed(message, statement):
    """The message with the file's lines. Spark counts from the statement's beginning."""
    def moved(match):
        before, line, between, column, after = match.groups()
        shift = statement.column if line == "1" else 0
        return "%s%d%s%d%s" % (before, int(line) + statement.line - 1, between, int(column) + shift, after)

    message = _BLOCK_LINE.sub(lambda match: "{LINE:%d}" % (int(match.group(1)) + statement.line - 1), message)
    for place in _PLACES:
        message = place.sub(moved, message)
    return message
