"""sqlcsv: rows as lines of CSV (RFC 4180), made by expressions of Spark on rows at hand.

NULL is nothing between the commas, an empty string is "". Times are ISO 8601, a timestamp with the
offset of the session's time zone; arrays, maps and structs are JSON; bytes are Base64.
"""

END = "\r\n"

_NEEDS_QUOTES = '[",\\r\\n]|^\\s|\\s$|^$'
_MICROS = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
_NESTED = ("array", "map", "struct", "variant")
_BARE = ("boolean", "tinyint", "byte", "smallint", "short", "int", "integer", "bigint", "long",
         "float", "double", "date", "timestamp", "timestamp_ntz", "void", "null")


def header(columns):
    """The first line."""
    return ",".join(_quoted(name) for name in columns) + END


def lines_within(data, most):
    """The lines of some CSV, as bytes, that are whole within so many: a field may hold the ends of lines."""
    if len(data) <= most:
        return data
    end, quotes = most, data.count(b'"', 0, most)
    while end > 0:
        at = data.rfind(b"\r\n", 0, end)
        if at < 0:
            break
        quotes -= data.count(b'"', at, end)
        if quotes % 2 == 0:
            return data[:at + 2]
        end = at
    return b""


def count_of(data):
    """How many lines there are in such bytes."""
    return sum(part.count(b"\r\n") for part in data.split(b'"')[::2])


def _quoted(name):
    plain = name and name == name.strip() and not any(mark in name for mark in '",\r\n')
    return name if plain else '"%s"' % name.replace('"', '""')


class Lines(object):
    """Makes lines of rows that have these attributes. Columns may have equal names, or none."""

    def __init__(self, spark, output):
        self.spark = spark
        self.functions = spark.jvm.org.apache.spark.sql.functions
        attributes = [output.apply(at) for at in range(output.size())]
        self.names = ["c%d" % at for at in range(len(attributes))]
        self.output = spark.sequence(one.withName(name) for one, name in zip(attributes, self.names))
        self.none = spark.local_data(self.output, spark.nil())
        fields = [self._field(name, one.dataType()) for one, name in zip(attributes, self.names)]
        self.line = self._line(fields)

    def added(self, data):
        """Data with columns of our names, and the line as one more."""
        columns = [self.functions.col(name) for name in self.names]
        return data.select(self.spark.sequence(columns + [self.line.alias("line")]))

    def text(self, rows):
        """Some rows, each with its line's end."""
        return self._text(self.spark.local_data(self.output, rows), self.line)

    def text_of_added(self, rows, output):
        """The same of rows of added(), and their attributes."""
        return self._text(self.spark.local_data(output, rows), self.functions.col("line"))

    def _text(self, data, column):
        lines = data.select(self.spark.sequence([column]))
        return self.spark.lines_of_query(lines.queryExecution()).mkString(END) + END

    def _line(self, fields):
        if len(fields) == 1:
            # An empty line would be skipped by many a reader, and the row with it.
            return self.functions.coalesce(self.spark.sequence([fields[0], self._lit('""')]))
        parts = []
        for field in fields:
            parts += [self._lit(","), self.functions.coalesce(self.spark.sequence([field, self._lit("")]))]
        return self.functions.concat(self.spark.sequence(parts[1:]))

    def _lit(self, value):
        return self.functions.lit(value)

    def _field(self, name, kind):
        """A column as the text between two commas; NULL stays NULL."""
        column = self.functions.col(name)
        kind_name = kind.typeName().split("(")[0].split(" ")[0]
        make = getattr(self, "_of_" + kind_name, None)
        if kind_name in _NESTED:
            text = self._of_nested(column)
        else:
            text = make(column) if make else column.cast("string")
        if kind_name in _BARE or kind_name == "decimal":
            return text
        return self._quote(text)

    def _quote(self, text):
        doubled = self.functions.regexp_replace(text, '"', '""')
        quoted = self.functions.concat(self.spark.sequence([self._lit('"'), doubled, self._lit('"')]))
        return self.functions.when(text.rlike(_NEEDS_QUOTES), quoted).otherwise(text)

    def _of_binary(self, column):
        # Some versions break the lines of Base64 as mail does.
        return self.functions.regexp_replace(self.functions.base64(column), "\r\n", "")

    def _of_timestamp(self, column):
        offset = self.functions.date_format(column, "XXX")
        return self.functions.concat(self.spark.sequence([self._of_timestamp_ntz(column), offset]))

    def _of_timestamp_ntz(self, column):
        return self.functions.translate(column.cast("string"), " ", "T")

    def _of_decimal(self, column):
        """All digits: a cast would make 1E-7 of 0.0000001."""
        f = self.functions
        text = column.cast("string")
        sign = f.when(text.startsWith("-"), self._lit("-")).otherwise(self._lit(""))
        digits = f.translate(f.substring_index(text, "E-", 1), "-.", "")
        # As many zeros as the exponent says, cut from more than there can be.
        count = f.substring_index(text, "E-", -1).cast("int").minus(1)
        zeros = self._lit("0" * 60).substr(self._lit(1), count)
        plain = f.concat(self.spark.sequence([sign, self._lit("0."), zeros, digits]))
        return f.when(text.contains("E-"), plain).otherwise(text)

    def _of_nested(self, column):
        options = self.spark.jvm.java.util.HashMap()
        options.put("ignoreNullFields", "false")
        if self.spark.version >= (3, 0):
            options.put("timestampFormat", _MICROS + "XXX")
            options.put("timestampNTZFormat", _MICROS)
        text = self.functions.to_json(column, options)
        try:
            self.none.select(self.spark.sequence([text]))
        except Exception:  # a type that Spark has no JSON for; a cast takes all of them
            return column.cast("string")
        return text
