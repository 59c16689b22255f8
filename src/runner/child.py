"""child: a forked process attaches to Spark, waits for its file, becomes it, and ends as Python ends.

What is called last here is called from the outermost frame of the interpreter: when it returns or
raises SystemExit, Python's own end follows (threads joined, atexit, files flushed).
"""

import builtins
import importlib.machinery
import os
import sys
import tempfile
import threading
import time
import traceback
import types

import results
import views
import wire

ERROR_TEXT_MAX = 4000
ATTACH_FAILED = 71
NAME_MAX = 200
# What Python has imported before any file begins, so that no file's helper of the name is ever found;
# and what a run cannot be without.
AT_START = frozenset(("abc", "codecs", "encodings", "genericpath", "io", "os", "posixpath", "site", "stat",
                      "_collections_abc", "_sitebuiltins", "__main__", "_sparkspool", "pyspark", "py4j"))
OWN_FILES = "<sparkspool>/"  # how the loader names our modules' files


class Control(object):
    """The way to the zygote."""

    def __init__(self, fd):
        self.wire = wire.Wire(fd)
        self.pid = os.getpid()
        self.lock = threading.Lock()  # any thread of the file may have something said

    def send(self, message):
        if os.getpid() != self.pid:
            return  # a process that the file forked is not the run
        with self.lock:
            self.wire.send(message)
            while self.wire.pending() and self.wire.wait(5.0):
                self.wire.flush()

    def warn(self, text):
        self.send({"warning": str(text)[:2000]})

    def await_run(self):
        """The directory of the run to be; None if there is to be none."""
        while True:
            for message in self.wire.receive():
                return message["run"]
            if self.wire.closed:
                return None
            self.wire.wait(None)


# ---- becoming the file ---------------------------------------------------------------------------


def take_environment(spec, birth):
    os.environ.update(spec["env"])
    os.environ["TMPDIR"] = os.path.join(birth.directory, "tmp")
    os.environ["SPARKSPOOL_RUN"] = spec["id"]
    tempfile.tempdir = None
    if "TZ" in spec["env"]:
        time.tzset()


def new_main(path, given):
    """A fresh __main__ that is the file, as far as pickle, inspect and multiprocessing can tell."""
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__cached__ = None
    main.__package__ = None
    main.__spec__ = None
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    main.__builtins__ = sys.modules["builtins"]
    main.__annotations__ = {}
    main.__dict__.update(given)
    sys.modules["_sparkspool.main"] = sys.modules["__main__"]  # its names must stay alive
    sys.modules["__main__"] = main
    return main


def place(spec, path):
    sys.argv[:] = [path] + spec["args"]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable, path] + spec["args"]
    sys.path.insert(0, os.path.dirname(path))
    after = [spec["modules"]["dir"]] if spec["modules"] else []
    for directory in after:
        make_way(directory)
    sys.path[1:1] = after + [entry for entry in spec["env"].get("PYTHONPATH", "").split(":") if entry]


def make_way(directory):
    """A helper of the name of a module that we have imported and a fresh Python has not: alone the
    file would find its own."""
    for entry in os.listdir(directory):
        name = entry[:-3] if entry.endswith(".py") else entry
        if name in sys.modules and name not in AT_START and name not in sys.builtin_module_names:
            for module in [each for each in sys.modules if each == name or each.startswith(name + ".")]:
                del sys.modules[module]


# ---- errors --------------------------------------------------------------------------------------


def own_frame(frames):
    return frames.tb_frame.f_code.co_filename.startswith(OWN_FILES)


def without_own(frames):
    """The traceback without our frames: those above the file, and those that stand in for pyspark's."""
    while frames is not None and own_frame(frames):
        frames = frames.tb_next
    at = frames
    while at is not None and at.tb_next is not None and sys.version_info >= (3, 7):
        if own_frame(at.tb_next):
            at.tb_next = at.tb_next.tb_next
        else:
            at = at.tb_next
    return frames


def hide_own(error):
    """The same for the errors it comes from, and those that it is a group of."""
    seen, todo = set(), [error]
    while todo:
        each = todo.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = without_own(each.__traceback__)
            todo += [each.__cause__, each.__context__]
            if isinstance(each, getattr(builtins, "BaseExceptionGroup", ())):
                todo += each.exceptions


def hide_own_in_threads():
    """An error that ends a thread of the file is printed by Python, where it ends."""
    hook = getattr(threading, "excepthook", None)
    if hook is None:
        return

    def excepthook(args):
        hide_own(args.exc_value)
        hook(args)

    threading.excepthook = excepthook
    if hasattr(threading, "__excepthook__"):
        threading.__excepthook__ = excepthook


def line_of(error, frames, path):
    """The innermost line of the file itself, or None."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    line = None
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == path:
            line = frames.tb_lineno
        frames = frames.tb_next
    return line


def text_of(error):
    try:
        return str(error)[:ERROR_TEXT_MAX]
    except Exception:
        return "its message cannot be shown"


def report(error, path, control):
    """Prints an uncaught exception as Python does and tells the zygote. It is called when the error
    has been left behind: the file's own hook finds nothing that is being handled."""
    hide_own(error)
    frames = error.__traceback__
    control.send({"error": {"name": type(error).__name__[:NAME_MAX], "message": text_of(error),
                            "line": line_of(error, frames, path), "statement": None}})
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, frames
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    try:
        sys.excepthook(type(error), error, frames)
        return
    except SystemExit:
        raise
    except BaseException as e:
        failure = e
    hide_own(failure)
    sys.stderr.write("Error in sys.excepthook:\n")
    sys.__excepthook__(type(failure), failure, failure.__traceback__)
    sys.stderr.write("\nOriginal exception was:\n")
    sys.__excepthook__(type(error), error, frames)


# ---- kinds and styles ----------------------------------------------------------------------------


def artifact_in(directory):
    def artifact(name):
        if not results.is_plain(name) or name in ("out", "err"):
            raise ValueError("no result can have the name %r" % name)
        return results.path_of(directory, name)
    return artifact


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None


def run_script(path, source, main):
    code = compile(source, path, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def error_of(execute, *args):
    """What the file does not catch, or None. SystemExit goes through: it is Python's."""
    try:
        execute(*args)
    except SystemExit:
        raise
    except BaseException as e:
        return e
    return None


def run_python(spec, path, source, main, artifact, control):
    """0, or the exit code of an uncaught exception."""
    figures = optional("figures")
    if figures:
        figures.install(artifact)
    hide_own_in_threads()
    try:
        if spec["style"] == "notebook":
            import notebook
            limits = spec["limits"]
            error = error_of(notebook.run, source, path, main.__dict__, artifact, limits["rows"], control.warn,
                             limits["out_bytes"])
        else:
            error = error_of(run_script, path, source, main)
        if error is None:
            return 0
        report(error, path, control)
        # Since 3.8 Python ends itself by the signal that it stands for.
        return 130 if isinstance(error, KeyboardInterrupt) and sys.version_info >= (3, 8) else 1
    finally:
        if figures:
            for text in figures.flush() or ():
                control.warn(text)


def run_sql(spec, source, artifact, warm, control):
    import sqlscript
    told = sqlscript.run(warm.spark, source.decode("utf-8"), spec["name"], sys.stdout, artifact("csv"),
                         spec["limits"]["rows"], spec["limits"]["out_bytes"])
    for text in told.get("warnings") or ():
        control.warn(text)
    if told.get("error"):
        control.send({"error": dict({"name": "", "message": "", "line": None, "statement": None}, **told["error"])})
    control.send({"sql": {part: told.get(part) for part in ("statements", "ran", "truncated")}})
    return 1 if told.get("error") else 0


def run_file(directory, birth, warm, control):
    spec = results.read_json(os.path.join(directory, "spec.json"))
    path = os.path.join(directory, "src", spec["name"])
    with open(path, "rb") as f:
        source = f.read()
    os.chdir(os.path.join(birth.directory, "work"))
    take_environment(spec, birth)
    warm.begin(spec, control.warn)
    main = new_main(path, {"spark": warm.spark, "sc": warm.sc})
    place(spec, path)
    artifact = artifact_in(directory)
    if spec["kind"] == "sql":
        return run_sql(spec, source, artifact, warm, control)
    return run_python(spec, path, source, main, artifact, control)


# ---- from fork to end ----------------------------------------------------------------------------


def attach(birth, control):
    try:
        warm = views.attach(birth)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(ATTACH_FAILED)
    control.send({"ready": os.getpid()})
    return warm


def live(birth):
    """Ends by SystemExit or by returning, both to the outermost frame."""
    control = Control(birth.control)
    warm = attach(birth, control)
    directory = control.await_run()
    if directory is None:
        os._exit(0)
    code = run_file(directory, birth, warm, control)
    if code:
        sys.exit(code)
