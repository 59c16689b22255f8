"""sqlscript: a SQL file, run as Spark's SQL shell runs it with -f, in a Spark that is there already."""

import io
import os
import re
import sys

import sqlcsv
import sqlerror
import sqlrows
import sqlsplit

SOURCE_DEPTH_MAX = 10
SOURCE_BYTES_MAX = 16 << 20
NOT_RUN_NAMED = 20  # of the statements that never ran
NOT_RUN_CHARS = 60

# Queries give a table, and these commands.
_TABLE_WORDS = ("SHOW", "DESCRIBE", "DESC", "LIST")
_REACHES_ALL = re.compile(r"ADD\s+(JAR|FILE|ARCHIVE)S?\b", re.IGNORECASE)
# The shell sets this for itself: without it, dates before the common era lose their sign.
_SHELL_SETTING = ("spark.sql.datetime.java8API.enabled", "true")
_NO_SHELL = "is a command of the spark-sql shell that starts programs; a SQL file here has no shell"


class _Failed(Exception):
    """The statement failed: its error."""

    def __init__(self, error):
        super(_Failed, self).__init__(error.message)
        self.error = error


class _Exit(Exception):
    """`exit` or `quit`."""


def run(spark, text, name, out, csv_path, rows_max, csv_bytes_max=0):
    """Runs the file. What came of it, as a dict: see PROTOCOL. Errors of the file are no exceptions."""
    return _Script(sqlrows.Spark(spark), name, out, _CsvFile(csv_path, csv_bytes_max), rows_max).run(text)


class _Script(object):
    def __init__(self, spark, name, out, csv, rows_max):
        self.spark = spark
        self.name = name
        self.out = out
        self.rows_max = rows_max
        self.csv = csv
        self.depth = 0
        self.warnings = []
        self.truncated = False
        self.label = spark.described() or name

    def run(self, text):
        statements = self._split(text)
        error = None
        ran = 0
        before = self.spark.set(*_SHELL_SETTING)
        try:
            for ran, statement in enumerate(statements):
                self._describe(ran + 1, len(statements), statement.line)
                self._statement(statement, "%s, line %d" % (self.name, statement.line))
            ran = len(statements)
        except _Exit:
            ran += 1
            self._not_run(statements, ran, "the file ends with the command before")
        except _Failed as failure:
            error = self._told(failure.error, ran + 1, len(statements))
            self._not_run(statements, ran + 1, "the statement before failed")
        finally:
            self.csv.finish()
            self.spark.describe(self.label)
            self.spark.set(_SHELL_SETTING[0], before)
        return {"statements": len(statements), "ran": ran, "truncated": self.truncated,
                "warnings": self.warnings, "error": error}

    def _split(self, text):
        return sqlsplit.split(text, self.spark.version >= sqlsplit.RAW_STRINGS_SINCE)

    def _describe(self, number, of_all, line):
        self.spark.describe("%s (statement %d of %d, line %d)" % (self.label, number, of_all, line))

    def _say(self, text):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _warn(self, text):
        self.warnings.append(text)
        self._say(text)

    def _told(self, error, number, of_all):
        self._say("%s:%d: statement %d of %d failed\n%s" % (self.name, error.line, number, of_all, error.text))
        return {"name": error.name, "message": error.message, "line": error.line, "statement": number}

    def _not_run(self, statements, first, why):
        """Says which statements never ran."""
        left = statements[first:]
        for number, statement in enumerate(left[:NOT_RUN_NAMED], first + 1):
            begin = " ".join(statement.text[:NOT_RUN_CHARS].split())
            self._say("%s:%d: statement %d of %d was not run (%s): %s" %
                      (self.name, statement.line, number, len(statements), why, begin))
        if len(left) > NOT_RUN_NAMED:
            self._say("%s: nor were the %d after it" % (self.name, len(left) - NOT_RUN_NAMED))
        if left:
            self.warnings.append("%d of %d statements were not run: %s" % (len(left), len(statements), why))

    def _statement(self, statement, place):
        word = statement.word
        if statement.text.lower() in ("exit", "quit"):
            raise _Exit()
        if statement.text.startswith("!") or word == "DFS":
            raise _Failed(_own_error("NotAvailable", "%s %s" % (word or "!", _NO_SHELL), statement))
        if word == "SOURCE":
            self._source(statement)
            return
        try:
            self._sql(statement, place)
        except (OSError, KeyboardInterrupt):
            raise  # of our own files, not of the statement
        except Exception as failure:
            raise _Failed(self._hinted(sqlerror.of(failure, statement), statement))
        if _REACHES_ALL.match(statement.text):
            self._warn("%s: what is added reaches the session's other files, too, and stays" % place)

    def _sql(self, statement, place):
        table = sqlrows.Table(self.spark, statement.text)
        self._header(table)
        in_csv = bool(table.columns) and (not table.is_command or statement.word in _TABLE_WORDS)
        if in_csv:
            self.csv.begin(table.columns)
        for text, _rows, csv in table.pieces(self.rows_max, in_csv and self.csv.wanted):
            self.out.write(text)
            self.out.flush()
            self.csv.write(csv)
        if in_csv and not self.csv.end():
            self.truncated = True
            self._warn("%s: the table is cut after %d bytes" % (place, self.csv.bytes))
        if table.truncated:
            self.truncated = True
            self._warn("%s: rows after the first %d are left out" % (place, self.rows_max))

    def _header(self, table):
        if self.spark.conf("spark.sql.cli.print.header", "false").lower() == "true":
            # This is what the shell says of a statement without columns.
            self.out.write("\t".join(table.columns or ["Response code"]) + "\n")

    def _hinted(self, error, statement):
        """The error with what Spark cannot know of the file."""
        hint = ""
        if statement.block and self.spark.version < (4, 0):
            hint = "BEGIN ... END blocks need Spark 4.0; this is Spark %d.%d." % self.spark.version
        elif statement.open:
            hint = "A %s that begins in this statement is never closed." % statement.open
        if not hint:
            return error
        return error._replace(message="%s\n%s" % (error.message, hint), text="%s\n%s" % (error.text, hint))

    def _source(self, statement):
        """Another file's statements in place of this one."""
        asked = statement.text[len("source"):].strip().strip("'\"")
        try:
            path, text = _read(asked, self.depth)
        except (OSError, ValueError) as failure:
            raise _Failed(_own_error(type(failure).__name__, "source %s: %s" % (asked, failure), statement))
        self.depth += 1
        for inner in self._split(text):
            place = "%s, line %d" % (os.path.basename(path), inner.line)
            try:
                self._statement(inner, place)
            except _Failed as failure:
                raise _Failed(_from_source(failure.error, path, statement))
        self.depth -= 1


def _own_error(name, message, statement):
    return sqlerror.Error(name, message, statement.line, "%s: %s" % (name, message))


def _from_source(error, path, statement):
    """An error in a file that another one reads, at the place where it is read."""
    where = "%s:%d: " % (path, error.line)
    return error._replace(message=where + error.message, text=where + error.text, line=statement.line)


def _read(asked, depth):
    """The path and text of a file that `source` names: in the working directory or among the helpers."""
    if depth >= SOURCE_DEPTH_MAX:
        raise ValueError("files that read files are %d deep" % depth)
    for home in [os.getcwd()] + sys.path:
        path = os.path.join(home, asked)
        if asked and os.path.isfile(path):
            if os.path.getsize(path) > SOURCE_BYTES_MAX:
                raise ValueError("the file is larger than %d bytes" % SOURCE_BYTES_MAX)
            with io.open(path, encoding="utf-8", errors="replace", newline="") as text:
                return path, text.read()
    raise ValueError("no such file on the driver, in the working directory or among the spool's helpers")


class _CsvFile(object):
    """The last table of a file. It comes to its name when the file has ended, whole or not at all:
    who reads it while the run goes on would read one table's beginning and another one's end."""

    def __init__(self, path, bytes_max):
        self.bytes_max = bytes_max  # 0: no limit
        self.wanted = path is not None
        self.path = path
        if self.wanted:
            hidden = os.path.join(os.path.dirname(path), "." + os.path.basename(path))
            self.growing = hidden + ".growing"
            self.whole = hidden + ".whole"
        self.file = None

    def begin(self, columns):
        if self.wanted:
            self.file = io.open(self.growing, "wb")
            self.bytes = 0
            self.cut = False
            self.write(sqlcsv.header(columns))

    def write(self, text):
        if self.file is None or self.cut:
            return
        data = text.encode("utf-8")
        kept = sqlcsv.lines_within(data, self.bytes_max - self.bytes) if self.bytes_max else data
        self.cut = len(kept) < len(data)
        self.bytes += self.file.write(kept)

    def end(self):
        """Whether all of the table is there."""
        if self.file is None:
            return True
        self.file.close()
        self.file = None
        os.rename(self.growing, self.whole)
        return not self.cut

    def finish(self):
        """At the script's end, also after an error: the last table that is whole."""
        if self.file is not None:
            self.file.close()
            os.unlink(self.growing)
        if self.wanted and os.path.exists(self.whole):
            os.rename(self.whole, self.path)
