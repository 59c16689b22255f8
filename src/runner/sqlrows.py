"""sqlrows: what one statement gives, formatted by Spark itself, a piece at a time.

The rows stay in the JVM and come over as text: Spark's own HiveResult makes the lines that its SQL
shell prints, expressions of Spark the lines of the CSV file. Neither side ever holds a large result:
the partitions are computed a group at a time, and of a group only its compressed bytes wait.
"""

import logging

import sqlcsv

SMALL_ROWS = 20000  # where Spark knows that there are no more: fetched at once, as its shell does
PROBE_ROWS = 50000  # of all partitions together, at first
PROBE_ROWS_MIN = 64  # of each
PIECE_CHARS = 1 << 20  # of text that crosses to Python at once
PIECE_ROWS = 32768
FIRST_ROWS = 64  # nobody knows yet how long a row is
GROUP_CHARS = 32 << 20  # of text that one group of partitions is meant to make
GROWTH = 4  # of a group or a piece over the one before, at most

_COMMAND = "org.apache.spark.sql.catalyst.plans.logical.Command"
# Since Spark 3.2 a command's plan holds the rows of the command, which was carried out before.
_RESULT_PLAN = "CommandResultExec"


class Spark(object):
    """The JVM's side of one view of Spark, and what differs between its versions."""

    def __init__(self, session):
        self.jvm = session._jvm
        self.session = session._jsparkSession
        self.version = tuple(int(part) for part in session.version.split(".")[:2])
        self.context = self.session.sparkContext()
        # pyspark 4 writes each error of a statement as JSON on standard error, too.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
        # Plans made by hand, and the formatting of times, look for the session of their thread.
        self._companion("SparkSession").setActiveSession(self.session)

    def _companion(self, name):
        home = "org.apache.spark.sql.classic." if self.version >= (4, 0) else "org.apache.spark.sql."
        return self.module(home + name)

    def module(self, name):
        """A Scala object."""
        return getattr(getattr(self.jvm, name + "$"), "MODULE$")

    def conf(self, key, default):
        """A setting of this view as it is now."""
        return self.session.conf().get(key, default)

    def set(self, key, value):
        """What the setting was before; None takes it back."""
        conf = self.session.conf()
        found = conf.getOption(key)
        if value is None:
            conf.unset(key)
        else:
            conf.set(key, value)
        return found.get() if found.isDefined() else None

    def describe(self, text):
        """What Spark's pages show beside the jobs that follow."""
        self.context.setLocalProperty("spark.job.description", text)

    def described(self):
        return self.context.getLocalProperty("spark.job.description")

    def is_a(self, thing, name):
        return self.jvm.java.lang.Class.forName(name).isInstance(thing)

    def nil(self):
        return self.module("scala.collection.immutable.Nil")

    def sequence(self, things):
        made = self.jvm.java.util.ArrayList()
        for thing in things:
            made.add(thing)
        return self.jvm.org.apache.spark.api.python.PythonUtils.toSeq(made)

    def lines_of_query(self, query):
        """A query's rows as the lines of Spark's shell; the rows are computed if they were not."""
        if self.version < (3, 0):
            return query.hiveResultString()
        hive = self.module("org.apache.spark.sql.execution.HiveResult")
        return hive.hiveResultString(query.executedPlan())

    def lines_of_rows(self, output, rows):
        """Rows at hand as such lines."""
        if self.version < (3, 0):
            return self.lines_of_query(self.local_data(output, rows).queryExecution())
        plan = self.jvm.org.apache.spark.sql.execution.LocalTableScanExec(output, rows, *self._no_stream())
        return self.module("org.apache.spark.sql.execution.HiveResult").hiveResultString(plan)

    def local_data(self, output, rows):
        """Rows at hand as a DataFrame of the JVM."""
        make = self.jvm.org.apache.spark.sql.catalyst.plans.logical.LocalRelation
        plan = make(output, rows, False, *self._no_stream())
        return self._companion("Dataset").ofRows(self.session, plan)

    def _no_stream(self):
        """Since 4.0 these plans may belong to a stream."""
        return (self.jvm.scala.Option.empty(),) if self.version >= (4, 0) else ()

    def some_partitions(self, rdd, first, end):
        numbers = self.module("scala.collection.immutable.Range").apply(first, end)
        # A set of numbers is a function that says of a number whether it is in it: all that it
        # takes to choose partitions, without a line of Scala.
        return self.jvm.org.apache.spark.rdd.PartitionPruningRDD.create(rdd, numbers.toSet())

    def data_of(self, rdd, output, names):
        """An RDD of rows as a DataFrame of the JVM, with other names for its columns."""
        schema = self.jvm.org.apache.spark.sql.types.StructType()
        for at, name in enumerate(names):
            one = output.apply(at)
            schema = schema.add(name, one.dataType(), one.nullable())
        return self.session.internalCreateDataFrame(rdd, schema, False)

    def limited(self, plan, rows):
        """Of each partition no more than its first rows."""
        return self.jvm.org.apache.spark.sql.execution.LocalLimitExec(rows, plan)

    def array(self, array):
        """An array as a sequence of Scala."""
        return self.module("scala.Predef").genericWrapArray(array)


class Table(object):
    """The result of a statement that Spark has taken: its columns, and its rows in pieces."""

    def __init__(self, spark, text):
        self.spark = spark
        self.query = spark.session.sql(text).queryExecution()
        self.plan = self.query.executedPlan()
        self.output = self.plan.output()
        self.columns = [self.output.apply(at).name() for at in range(self.output.size())]
        self.is_command = (self.plan.getClass().getSimpleName() == _RESULT_PLAN or
                           spark.is_a(self.query.analyzed(), _COMMAND))
        self.truncated = False  # known once pieces() has come to its end

    def pieces(self, rows_max, with_csv):
        """Triples: text, each line with its end; how many rows it shows; the same as CSV, or ""."""
        csv = sqlcsv.Lines(self.spark, self.output) if with_csv else None
        source = _OfCommand(self, csv) if self.is_command else _OfQuery(self, csv, rows_max)
        left = rows_max or None
        while left is None or left > 0:
            piece = source.next(left)
            if piece is None:
                return
            yield piece
            left = None if left is None else left - piece[1]
        self.truncated = source.next(1) is not None


class _OfCommand(object):
    """The rows of a command. Of some commands' rows Spark's shell shows one column, so the lines come
    from the plan; there are few, and the JVM holds them anyway."""

    def __init__(self, table, csv):
        self.csv = csv
        self.lines = table.spark.lines_of_query(table.query).toIndexedSeq()
        self.rows = table.spark.array(table.plan.executeCollect())
        self.size = self.lines.size()
        self.at = 0

    def next(self, at_most):
        if self.at >= self.size:
            return None
        at, end = self.at, min(self.size, self.at + (at_most or PIECE_ROWS), self.at + PIECE_ROWS)
        self.at = end
        text = self.lines.slice(at, end).mkString("\n") + "\n"
        return text, end - at, self.csv.text(self.rows.slice(at, end).toList()) if self.csv else ""


class _OfQuery(object):
    """The rows of a query, as pieces of like size, from groups of partitions of like size."""

    def __init__(self, table, csv, rows_max):
        self.spark = table.spark
        self.table = table
        self.csv = csv
        self.chars = 0  # of text made of the group at hand
        self.rows = FIRST_ROWS  # of the next piece
        self.groups = _groups(table, csv, rows_max, self)
        self.group = next(self.groups, None)

    def next(self, at_most):
        rows, count = self._take(min(self.rows, at_most or self.rows))
        if not count:
            return None
        text = self.spark.lines_of_rows(self.table.output, rows).mkString("\n") + "\n"
        csv = self.group.csv_text(rows) if self.csv else ""
        self.chars += len(text)
        self.rows = _grown(self.rows, count, max(len(text), len(csv)), PIECE_CHARS, PIECE_ROWS)
        return text, count, csv

    def _take(self, most):
        """The next rows, and how many; none at the end."""
        while self.group is not None:
            rows = self.group.take(most)
            count = rows.size()
            if count:
                return rows, count
            self.group = next(self.groups, None)
        return None, 0


def _grown(size, units, chars, chars_wanted, most):
    """The next size of something that took so many characters for so many units."""
    return max(1, min(size * GROWTH, most, units * chars_wanted // max(chars, 1)))


class _Array(object):
    """An array of the JVM's rows, taken from the front; csv_text makes CSV of what was taken."""

    def __init__(self, spark, array, csv_text):
        self.rows = spark.array(array)
        self.csv_text = csv_text
        self.at = 0

    def take(self, most):
        self.at += most
        return self.rows.slice(self.at - most, self.at).toList()


class _Iterator(object):
    """The same of what executeCollectIterator() gives. Its take() goes on where the last one ended,
    which Scala does not promise of every iterator: an array's begins at the front again."""

    def __init__(self, iterator, csv_text):
        self.rows = iterator
        self.csv_text = csv_text

    def take(self, most):
        return self.rows.take(most).toList()


def _groups(table, csv, rows_max, progress):
    """Groups of a query's rows, in order. `progress.chars` grows as they are read."""
    bound = table.query.optimizedPlan().maxRows()
    if bound.isDefined() and bound.get() <= SMALL_ROWS:
        yield _Array(table.spark, table.plan.executeCollect(), csv.text if csv else None)
        return
    reader = _Reader(table, csv, rows_max)
    whole, size = reader.probe() if reader.partitions > 1 else (None, 1)
    if whole is not None:
        yield whole
        return
    at = 0
    while at < reader.partitions:
        progress.chars = 0
        end = min(at + size, reader.partitions)
        yield reader.read(at, end)
        size = _grown(size, end - at, progress.chars, GROUP_CHARS, reader.partitions)
        at = end


class _Reader(object):
    """Reads partitions of a query's result. Where CSV is wanted its lines are made there, too, by the
    executors: what a line costs is more than all else."""

    def __init__(self, table, csv, rows_max):
        self.spark = table.spark
        self.output = table.output
        self.csv = csv
        self.rdd = table.query.toRdd()
        self.partitions = self.rdd.getNumPartitions()
        self.needed = rows_max + 1 if rows_max else None  # one more tells that there are more
        self.names = ["c%d" % at for at in range(self.output.size())]

    def _plan(self, at, end, rows_each):
        rdd = self.spark.some_partitions(self.rdd, at, end)
        data = self.spark.data_of(rdd, self.output, self.names)
        if self.csv:
            data = self.csv.added(data)
        plan = data.queryExecution().executedPlan()
        return self.spark.limited(plan, rows_each) if rows_each else plan

    def _group(self, plan, found):
        output = plan.output()
        text = (lambda rows: self.csv.text_of_added(rows, output)) if self.csv else None
        return _Iterator(found._2(), text)

    def read(self, at, end):
        plan = self._plan(at, end, self.needed)
        return self._group(plan, plan.executeCollectIterator())

    def probe(self):
        """The first rows of all partitions at once, which most often are all rows; else None, and how
        many partitions to begin with."""
        each = max(PROBE_ROWS_MIN, PROBE_ROWS // self.partitions)
        if self.needed:
            each = min(each, self.needed)
        plan = self._plan(0, self.partitions, each)
        found = plan.executeCollectIterator()
        count = found._1()
        if count < each or each == self.needed:
            return self._group(plan, found), 0
        # Where most partitions were cut off, nobody knows how much more there is in them.
        typical = 1 + count // self.partitions
        return None, 1 if typical > each // 2 else max(1, PROBE_ROWS // typical)
