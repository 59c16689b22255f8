"""interpreter: where no process can be forked, files run in Livy's interpreter, one at a time.

They share it: what one of them changes, the next one finds. Their output is captured, and an exit
is an exit code. A kill has no effect while one runs.

The interpreter's own standard input and output are its talk with Livy: while a file runs they are
elsewhere, for what it starts (a shell, say) inherits them."""

import os
import sys
import time
import traceback

import results


class Output(object):
    """A text file that counts what the limit cut, and what found no room."""

    def __init__(self, path, limit):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.itself = self._what_is_there()
        self.limit = limit
        self.bytes = self.cut = 0
        self.closed = False
        self.encoding = "utf-8"
        self.errors = "backslashreplace"
        self.buffer = self

    def write(self, text):
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        return self.put(text)

    def put(self, text):
        data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else bytes(text)
        room = len(data) if not self.limit else max(0, min(len(data), self.limit - self.bytes))
        try:
            written = os.write(self.fd, data[:room])
        except OSError:
            written = 0  # the disk is full: the file's own end must not fail by that
        self.bytes += written
        self.cut += len(data) - written
        return len(text)

    def fileno(self):
        if self.fd < 0:
            raise ValueError("I/O operation on closed file.")
        return self.fd

    def close(self):
        """A file may do that at its end; it has some words on it all the same."""
        self.closed = True

    def finish(self):
        """What others wrote into it is counted here. Where the file has closed the descriptor, by then it
        may be the interpreter's. And soon it is another's in any case: what has kept this object, a handler
        of logging or a thread, is not to write there."""
        fd, there = self.fd, self._what_is_there()
        self.closed, self.fd = True, -1
        if there != self.itself:
            return
        size = os.fstat(fd).st_size
        if self.limit and size > self.limit:
            os.truncate(fd, self.limit)
            self.cut += size - self.limit
        os.close(fd)

    def _what_is_there(self):
        try:
            state = os.fstat(self.fd)
            return state.st_dev, state.st_ino
        except OSError:
            return None

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True


def exit_code_of(error, err):
    """As Python itself does it."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    err.put("%s\n" % error.code)
    return 1


def print_error(error, frames):
    """Where it has put sys.stderr, and what becomes of it there, is the file's own matter."""
    try:
        traceback.print_exception(type(error), error, frames)
    except BaseException:
        pass


def stop_nothing(self, *args):
    """A file that stops Spark would stop it for the session."""


def keep_spark():
    """Puts that where pyspark stops things; returns what puts it back."""
    kept = []
    for name, kind in (("pyspark", "SparkContext"), ("pyspark.sql", "SparkSession")):
        cls = getattr(sys.modules.get(name), kind, None)
        if cls is not None:
            kept.append((cls, cls.stop))
            cls.stop = stop_nothing

    def put_back():
        for cls, stop in kept:
            cls.stop = stop
    return put_back


def keep_descriptors(out, err):
    """Puts a file's in the place of the interpreter's; returns what puts those back."""
    kept, null = [], os.open(os.devnull, os.O_RDONLY)
    try:
        for number in (0, 1, 2):
            kept.append(os.dup(number))
    except OSError:
        for fd in kept + [null]:
            os.close(fd)
        raise
    for fd, number in ((null, 0), (out.fileno(), 1), (err.fileno(), 2)):
        os.dup2(fd, number)
    os.close(null)

    def put_back():
        for fd, number in zip(kept, (0, 1, 2)):
            os.dup2(fd, number)
            os.close(fd)
    return put_back


def where():
    """None where that has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def go_back(directory):
    try:
        if directory:
            os.chdir(directory)
    except OSError:
        pass


class Interpreter(object):
    def __init__(self, scope):
        self.scope = scope

    def run(self, order):
        """How it ended, whatever comes in between: nobody could end it any more. It is not written down:
        there may be no room for that."""
        started, begun, cut = time.time(), time.monotonic(), {}
        try:
            code, error = self._printed(order, cut)
        except BaseException as e:  # there was no descriptor for it, say, or its own words raise
            code, error = 1, {"name": type(e).__name__, "message": str(e)[:2000], "line": None, "statement": None}
        return {
            "exit_code": code, "why": "exit", "error": error, "sql": None, "started_ms": int(started * 1000),
            "run_ms": int((time.monotonic() - begun) * 1000),
            "warnings": ["it ran in the session's own interpreter, which it shares with other files"],
            "files": results.listing(order["dir"], cut)}

    def _printed(self, order, cut):
        """What the limits dropped of its outputs goes into `cut`."""
        directory = order["dir"]
        spec = results.read_json(os.path.join(directory, "spec.json"))
        outputs = []
        try:
            for name in ("out", "err"):
                outputs.append(Output(os.path.join(directory, "result", name), order["limits"][name + "_bytes"]))
            return self._captured(spec, directory, *outputs)
        finally:
            for name, output in zip(("out", "err"), outputs):
                output.finish()
                cut[name] = output.cut

    def _captured(self, spec, directory, out, err):
        kept = sys.stdout, sys.stderr, sys.argv, list(sys.path), sys.modules.get("__main__"), where()
        changed = [keep_descriptors(out, err)]
        try:
            changed.append(keep_spark())
            sys.stdout, sys.stderr = out, err
            return self._execute(spec, directory)
        except SystemExit as e:
            return exit_code_of(e, err), None
        finally:
            for put_back in changed:
                put_back()
            sys.stdout, sys.stderr, sys.argv, sys.path[:], sys.modules["__main__"] = kept[:5]
            go_back(kept[5])

    def _execute(self, spec, directory):
        import child
        path = os.path.join(directory, "src", spec["name"])
        if spec["kind"] != "python" or spec["style"] != "script":
            raise SystemExit("in this session only Python files in script style can run")
        main = child.new_main(path, {name: self.scope[name] for name in ("spark", "sc") if name in self.scope})
        child.place(spec, path)
        os.environ.update(spec["env"])
        try:
            with open(path, "rb") as f:
                child.run_script(path, f.read(), main)
            return 0, None
        except SystemExit:
            raise
        except BaseException as e:
            child.hide_own(e)
            frames = e.__traceback__
            print_error(e, frames)
            return 1, {"name": type(e).__name__, "message": child.text_of(e),
                       "line": child.line_of(e, frames, path), "statement": None}
