"""notebook: a file that shows the values of its top-level expressions, with Livy's magics.

All top-level expressions are shown, not only the last of a cell: a file has no cells. As in other
notebooks a `;` at the end keeps one quiet. A DataFrame is shown as Python shows it, and the last
one becomes the table; the value of a drawing call is shown as a picture (see figures).

The file is compiled whole, as it is. Only magics are replaced, each at its own line, and only
where a statement of the module begins: there `%` is never Python, so a valid file stays as it is.
"""

import ast
import builtins
import io
import linecache
import re
import sys
import tokenize

import figures
import tables

_MAGIC = re.compile(r"%(json|table|matplotlib|matplot)(?=\s|$)")
_KNOWN = "%json, %table, %matplot and %matplotlib"
_TRIED_MAX = 1000  # each costs a parse of the file
_NAME = "_sparkspool_%s"  # in builtins, so that the file's own names stay its own


# ---- from text to code -------------------------------------------------------------------------


def _parse(text, path, mode="exec"):
    """Not ast.parse(): its frame would stand in the traceback of a SyntaxError."""
    return compile(text, path, mode, ast.PyCF_ONLY_AST, dont_inherit=True)


class _Source(object):
    """The file's lines, and which of them are magics."""

    def __init__(self, source, path):
        if isinstance(source, bytes):
            source = _decode(source, path)
        if source.startswith("\ufeff"):
            source = source[1:]
        self.path = path
        # Python's own idea of a line; str.splitlines() knows more of them.
        self.lines = re.split("\r\n|\r|\n", source)
        self.magics = []  # indices of lines
        self._find_magics()

    def _placeholder(self, index):
        return _NAME % ("magic_%d" % index)

    def _text(self, magics, end=None):
        lines = self.lines[:end]
        for i in magics:
            lines[i] = self._placeholder(i)
        return "\n".join(lines) + "\n"

    def _are_statements(self, magics, end=None):
        """Whether the placeholders stand where statements of the module begin. What is before one
        is as the file has it, so there its magic stood at such a place as well."""
        try:
            tree = _parse(self._text(magics, end), self.path)
        except (SyntaxError, ValueError):
            return False
        found = {node.value.id for node in tree.body
                 if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name)}
        return found.issuperset(self._placeholder(i) for i in magics)

    def _find_magics(self):
        """All at once is the common case; else (one is in a string, or the file is wrong
        elsewhere) each is tried with what is before it."""
        candidates = [i for i, line in enumerate(self.lines) if _MAGIC.match(line)]
        if not candidates or self._are_statements(candidates):
            self.magics = candidates
            return
        for i in candidates[:_TRIED_MAX]:
            if self._are_statements(self.magics + [i], i + 1):
                self.magics.append(i)

    def parse(self):
        text = self._text(self.magics)
        try:
            return _parse(text, self.path), text
        except SyntaxError as e:
            self._explain(e)
            raise
        except ValueError as e:  # a NUL, on older Pythons
            raise SyntaxError(str(e), (self.path, 1, 1, self.lines[0])) from None

    def _explain(self, error):
        index = (error.lineno or 0) - 1
        if not 0 <= index < len(self.lines):
            return
        line = self.lines[index]
        if index in self.magics:
            error.text = line
        elif line.startswith("%") and self._are_statements(self.magics + [index], index + 1):
            error.msg = "unknown magic %s: there are %s" % (line.split()[0], _KNOWN)

    def call_of(self, index):
        """The statement that a magic's line stands for."""
        line = self.lines[index]
        match = _MAGIC.match(line)
        if match.group(1) == "matplotlib":  # of IPython; figures are pictures without it
            return ast.Pass()
        rest = line[match.end():]
        start = match.end() + len(rest) - len(rest.lstrip())
        try:
            value = _parse(rest.strip(), self.path, "eval").body
        except SyntaxError as e:
            e.lineno, e.offset, e.text = index + 1, start + (e.offset or 1), line
            if not rest.strip():
                e.msg = "%s what? A name or an expression belongs here" % match.group()
            raise
        for node in ast.walk(value):
            _shift(node, index, start)
        return ast.Expr(_call(match.group(1), value))


def _shift(node, lines, columns):
    for name in ("lineno", "end_lineno"):
        if getattr(node, name, None) is not None:
            setattr(node, name, getattr(node, name) + lines)
    for name in ("col_offset", "end_col_offset"):
        if getattr(node, name, None) is not None:
            setattr(node, name, getattr(node, name) + columns)


def _decode(data, path):
    """As Python decodes a file: byte order mark, coding line, else UTF-8."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as e:
        line = data.count(b"\n", 0, getattr(e, "start", 0)) + 1
        raise SyntaxError(str(e), (path, line, 1, None)) from None


def _call(name, value):
    return ast.Call(func=ast.Name(id=_NAME % name, ctx=ast.Load()), args=[value], keywords=[])


def _quiet_lines(text):
    """The lines of a `;` that ends a line of statements."""
    lines = set()
    if ";" not in text:
        return lines
    last = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE and last is not None and last.string == ";":
            lines.add(last.start[0])
        if token.type != tokenize.COMMENT:
            last = token
    return lines


def _quiet(body, text):
    """Indices of the statements that such a `;` follows: nothing else begins in its line."""
    quiet = set()
    for line in _quiet_lines(text):
        quiet.add(max(i for i, node in enumerate(body) if node.lineno <= line))
    return quiet


def _is_docstring(node):
    value = node.value
    return isinstance(getattr(value, "value", getattr(value, "s", None)), str) and \
        type(value).__name__ in ("Str", "Constant")


def compile_file(source, path):
    """The file's code, in which each value to be shown is given to one of _Shown's methods."""
    src = _Source(source, path)
    tree, text = src.parse()
    quiet = _quiet(tree.body, text)
    for i, node in enumerate(tree.body):
        if not isinstance(node, ast.Expr):
            continue
        if node.lineno - 1 in src.magics:
            new = src.call_of(node.lineno - 1)
        elif i in quiet or (i == 0 and _is_docstring(node)) or isinstance(node.value, ast.Starred):
            continue  # a bare *x is an error of Python's, which it would not be as an argument
        else:
            new = ast.Expr(_call("value", node.value))
        tree.body[i] = ast.copy_location(new, node)
        if isinstance(new, ast.Expr):
            ast.copy_location(new.value, node)
            ast.copy_location(new.value.func, node)
    try:
        return compile(tree, path, "exec", dont_inherit=True)
    except SyntaxError as e:
        if e.text is None and 0 < (e.lineno or 0) <= len(src.lines):
            e.text = src.lines[e.lineno - 1]
        raise


# ---- from values to what is shown --------------------------------------------------------------


def _is_of(value, module, name):
    """Whether it is an instance of a class that only a file which imported the module can have."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _is_drawing(value):
    """What matplotlib's functions return: parts of a figure, alone or in lists."""
    if isinstance(value, (list, tuple)):
        return any(_is_drawing(v) for v in value[:16])
    return type(value).__module__.split(".")[0] == "matplotlib"


def _png_of(value):
    """The picture of itself that an object offers, as notebooks ask for it; or None."""
    method = getattr(type(value), "_repr_png_", None)
    try:
        png = method(value) if method else None
    except Exception:  # its text is shown all the same
        return None
    png = png[0] if isinstance(png, tuple) and png else png
    return png if isinstance(png, bytes) and png else None


class _Shown(object):
    """What a file has shown; the last table is kept until its end."""

    def __init__(self, path, artifact, rows, bytes_max, warn):
        self.path = path
        self.artifact = artifact
        self.rows = rows
        self.bytes_max = min(bytes_max or tables.BYTES_MAX, tables.BYTES_MAX)
        self.warn = warn
        self.table = None
        self.line = 0

    def value(self, value):
        """A top-level expression's."""
        self._note_table(value)
        if _is_of(value, "matplotlib.figure", "Figure"):
            figures.add(value)
        if _is_drawing(value):
            return
        png = _png_of(value)
        if png:
            figures.add_png(png)
        else:
            sys.displayhook(value)

    def display(self, *values):
        for value in values:
            self.value(value)

    def json(self, value):
        """A table where it has the form of one, else JSON among the text."""
        text, table = tables.of_json(value)
        if table is None:
            print(text)
        else:
            self._keep(tables.Kept(table, self.rows, self.bytes_max))

    def table_of(self, value):
        if not self._note_table(value):
            self._keep(tables.Kept(tables.of_rows(value), self.rows, self.bytes_max))

    def matplot(self, value):
        figures.add(value.gcf() if hasattr(value, "gcf") else value, True)

    def _note_table(self, value):
        if _is_of(value, "pyspark.sql.dataframe", "DataFrame"):
            if value.columns and not value.isStreaming:
                self._keep(tables.OfSpark(value, self.rows, self.bytes_max))
            return True
        if _is_of(value, "pandas", "DataFrame"):
            self._keep(tables.Kept(tables.of_pandas(value), self.rows, self.bytes_max))
            return True
        return False

    def _keep(self, table):
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_filename != self.path:
            frame = frame.f_back
        self.line = frame.f_lineno if frame is not None else 0
        self.table = table

    def finish(self):
        """The table is written at the end, and once: a result file only grows. A DataFrame is
        carried out only then, so those before it cost nothing."""
        if self.table is None:
            return
        table, self.table = self.table, None
        if not table.write(self.artifact("csv")):
            self.warn("the table of line %d is cut after %d rows" % (self.line, table.count))

    def finish_at_line(self):
        """An error of carrying out the DataFrame belongs to the line that shows it."""
        tree = ast.parse("finish()")
        text = linecache.getline(self.path, self.line).rstrip()
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):  # the whole line: then no part of it is marked
                node.lineno = node.end_lineno = max(self.line, 1)
                node.end_col_offset = len(text.encode("utf-8", "replace"))
        exec(compile(tree, self.path, "exec", dont_inherit=True), {"finish": self.finish})

    def finish_after_error(self):
        try:
            self.finish()
        except Exception as e:
            self.warn("the table of line %d could not be written: %s: %s"
                      % (self.line, type(e).__name__, e))


def run(source, path, scope, artifact, rows=0, warn=None, bytes_max=0):
    """Carry out the file at path, whose text (or bytes) is source, in scope.

    artifact(name) is the path of a result file; rows and bytes_max limit the table, 0 does not;
    warn(text) is told what was left out. Raises what the file raises. figures.flush() is the caller's.
    """
    code = compile_file(source, path)
    shown = _Shown(path, artifact, rows, bytes_max, warn or (lambda text: None))
    for name, function in (("value", shown.value), ("json", shown.json),
                           ("table", shown.table_of), ("matplot", shown.matplot)):
        setattr(builtins, _NAME % name, function)
    builtins.display = shown.display  # files that come from notebooks expect it
    try:
        exec(code, scope)
    except SystemExit:
        shown.finish_at_line()
        raise
    except Exception:
        shown.finish_after_error()
        raise
    shown.finish_at_line()
