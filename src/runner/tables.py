"""tables: the tables that a notebook file shows, as CSV (RFC 4180).

A table is (names, rows): rows is iterated once, each a list of texts, None for NULL. The forms
that `%json` and `%table` take for tables are those that the daemon takes in raw code; a cell reads
as sqlcsv has it, so that one kind of file comes out of all of them.
"""

import base64
import datetime
import decimal
import json
import os
import shutil
import tempfile

import sqlcsv
import sqlrows

COLUMNS_MAX = 2000  # of a list of objects: more is no table
BYTES_MAX = 1 << 30
_COPY_BYTES = 1 << 20


# ---- cells and lines ---------------------------------------------------------------------------


def text_of(value):
    """A cell's text; None is NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return _compact(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def _compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=text_of)


def _field(text):
    """NULL is the one field without a character; white space at the ends is kept by quotes."""
    if text is None:
        return ""
    if text == "" or text != text.strip() or any(c in text for c in ",\"\r\n"):
        return '"%s"' % text.replace('"', '""')
    return text


def line_of(texts):
    # An empty line would be skipped by many a reader, and the row with it.
    return ((",".join(map(_field, texts)) or '""') + "\r\n").encode("utf-8", "replace")


def _write(table, out, rows_max, bytes_max):
    """Returns (rows written, whether these were all)."""
    names, rows = table
    header = line_of(names)
    if len(header) > bytes_max:
        return 0, False
    size = out.write(header)
    count = 0
    for row in rows:
        line = line_of(row)
        if (rows_max and count == rows_max) or size + len(line) > bytes_max:
            return count, False
        size += out.write(line)
        count += 1
    return count, True


# ---- now or later ------------------------------------------------------------------------------


class Kept(object):
    """A table as it is now, on disk under no name: its value may change, and a later one may take
    its place."""

    def __init__(self, table, rows_max, bytes_max):
        self.file = tempfile.TemporaryFile() if table[0] else None
        self.count, self.whole = _write(table, self.file, rows_max, bytes_max) if self.file else (0, True)

    def write(self, path):
        """Returns whether it is whole."""
        if self.file is None:
            return True
        self.file.seek(0)
        with open(path, "wb") as out:
            shutil.copyfileobj(self.file, out, _COPY_BYTES)
        self.file.close()
        return self.whole


class _Rows(sqlrows.Table):
    """A DataFrame's rows, as those of a statement that Spark has taken."""

    def __init__(self, frame):
        session = getattr(frame, "sparkSession", None) or frame.sql_ctx.sparkSession
        self.spark = sqlrows.Spark(session)
        self.query = frame._jdf.queryExecution()
        self.plan = self.query.executedPlan()
        self.output = self.plan.output()
        self.columns = list(frame.columns)
        self.is_command = self.plan.getClass().getSimpleName() == "CommandResultExec"
        self.truncated = False


class OfSpark(object):
    """A DataFrame: to carry it out costs something, and it does not change."""

    def __init__(self, frame, rows_max, bytes_max):
        self.frame = frame
        self.rows_max = rows_max
        self.bytes_max = bytes_max
        self.count = 0

    def write(self, path):
        try:
            with open(path, "wb") as out:
                return self._write(out)
        except BaseException:
            os.unlink(path)  # half a table is none
            raise

    def _write(self, out):
        table = _Rows(self.frame)
        room = self.bytes_max
        header = sqlcsv.header(table.columns).encode("utf-8", "replace")
        if len(header) > room:
            return False
        room -= out.write(header)
        for _, rows, csv in table.pieces(self.rows_max, True):
            data = csv.encode("utf-8", "replace")
            kept = sqlcsv.lines_within(data, room)
            room -= out.write(kept)
            if len(kept) < len(data):
                self.count += sqlcsv.count_of(kept)
                return False
            self.count += rows
        return not table.truncated


# ---- %json -------------------------------------------------------------------------------------


def of_json(value):
    """(its JSON, the table that this is, or None). Raises what json.dumps does for other values."""
    data = json.loads(json.dumps(value))
    return _compact(data), _table_of(data)


def _json_text(value):
    return value if value is None or isinstance(value, str) else _compact(value)


def _table_of(data):
    if isinstance(data, dict):
        return _of_schema(data)
    if not isinstance(data, list) or not data:
        return None
    if isinstance(data[0], dict):
        return _of_objects(data)
    if isinstance(data[0], list):
        return _of_lists(data)
    if any(isinstance(v, (dict, list)) for v in data):
        return None
    return ["value"], ([_json_text(v)] for v in data)


def _same_length(rows, columns):
    return all(isinstance(r, list) and len(r) == columns for r in rows)


def _of_lists(data):
    """Named as Spark names the columns of a tuple."""
    columns = len(data[0])
    if columns == 0 or not _same_length(data, columns):
        return None
    return ["_%d" % i for i in range(1, columns + 1)], (map(_json_text, r) for r in data)


def _of_objects(data):
    names = {}  # in the order of their first use
    for row in data:
        if not isinstance(row, dict):
            return None
        names.update(dict.fromkeys(row))
    if not 0 < len(names) <= COLUMNS_MAX:
        return None
    names = list(names)
    return names, ([_json_text(row.get(n)) for n in names] for row in data)


def _of_schema(data):
    """The form in which Livy's own SQL answers."""
    schema, rows = data.get("schema"), data.get("data")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not isinstance(rows, list):
        return None
    names = [f.get("name") if isinstance(f, dict) else None for f in fields]
    if not all(type(n) is str for n in names) or not _same_length(rows, len(names)):
        return None
    return names, (map(_json_text, r) for r in rows)


# ---- %table ------------------------------------------------------------------------------------


def _cells(row):
    if type(row).__name__ == "Row":
        row = row.asDict()
    if isinstance(row, dict):
        return row
    return dict(enumerate(row if isinstance(row, (list, tuple)) else [row]))


def _sorted(keys):
    try:
        return sorted(keys)
    except TypeError:  # of several types
        return sorted(keys, key=str)


def of_rows(value):
    """Rows are lists, objects or single values; columns are sorted by their keys."""
    rows = [_cells(row) for row in (value if isinstance(value, (list, tuple)) else [value])]
    keys = _sorted({key for row in rows for key in row})
    return [str(k) for k in keys], ([text_of(row.get(k)) for k in keys] for row in rows)


# ---- DataFrames --------------------------------------------------------------------------------


def of_pandas(frame):
    """With its index where that is more than the rows' numbers; what pandas calls missing is NULL."""
    names = [str(c) for c in frame.columns]
    rows = frame.itertuples(index=False, name=None)
    if type(frame.index).__name__ != "RangeIndex":
        levels = frame.index.nlevels
        names = [str(n) if n is not None else "index" for n in frame.index.names] + names
        keys = (k if levels > 1 else (k,) for k in frame.index)
        rows = (tuple(k) + row for k, row in zip(keys, rows))
    return names, ([_pandas_text(v) for v in row] for row in rows)


def _pandas_text(value):
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and value != value:
        return None
    return text_of(value.item() if hasattr(value, "item") else value)
