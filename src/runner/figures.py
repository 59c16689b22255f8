"""figures: what a file draws with matplotlib becomes 1.png, 2.png ... when it shows it or ends.

The end of a file counts as a show(): most files never call it. What show() has written it closes,
as a window that was closed and as notebooks do, so that the next plot() begins a new figure.
"""

import functools
import hashlib
import io
import os
import sys
import threading
import weakref

COUNT_MAX = 99
BYTES_MAX = 64 << 20

_pictures = None  # of this process; a run is a process of its own


class _Pictures(object):
    """The pictures of one run: their numbers, their limits, and what was left out."""

    def __init__(self, artifact, count_max, bytes_max):
        self.artifact = artifact
        self.count_max = count_max
        self.bytes_max = bytes_max
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.count = 0
        self.bytes = 0
        self.left_out = 0
        self.warnings = []
        self.digests = weakref.WeakKeyDictionary()  # of each figure as it was last written
        self.last_shown = None

    def add(self, png):
        """A picture's bytes under the next number, if the limits have room for it."""
        if os.getpid() != self.pid:
            return  # a process that the file forked has no pictures: their numbers would meet
        with self.lock:
            if self.count >= self.count_max or self.bytes + len(png) > self.bytes_max:
                self.left_out += 1
                return
            try:
                with open(self.artifact("%d.png" % (self.count + 1)), "wb") as f:
                    f.write(png)
            except OSError as e:
                self.warnings.append("a picture could not be written: %s" % e)
                return
            self.count += 1
            self.bytes += len(png)

    def add_figure(self, figure):
        """Unless it was written before and looks as it did then."""
        if os.getpid() != self.pid:
            return
        with self.lock:
            try:
                png = _png_of(figure)
            except Exception as e:  # whatever drawing raises: the file itself has not failed
                self.warnings.append("a figure could not be drawn: %s: %s"
                                     % (type(e).__name__, e))
                return
            digest = hashlib.sha256(png).digest()
            if self.digests.get(figure) != digest:
                self.digests[figure] = digest
                self.add(png)

    def show(self, pyplot):
        """All open figures in the order of their numbers; then they are closed."""
        if os.getpid() != self.pid:
            return
        figures = _open_figures()
        if figures:
            self.last_shown = pyplot.gcf()
        for figure in figures:
            if _has_content(figure):
                self.add_figure(figure)
            pyplot.close(figure)

    def take_warnings(self):
        told, self.warnings = self.warnings, []
        if self.left_out:
            told.append("%d picture(s) left out: a file has at most %d, of %d bytes together"
                        % (self.left_out, self.count_max, self.bytes_max))
            self.left_out = 0
        return told


def _png_of(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _open_figures():
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    managers = dict(helpers.Gcf.figs) if helpers else {}
    return [managers[number].canvas.figure for number in sorted(managers)]


def _has_content(figure):
    """The background alone is a figure that was opened and never drawn on."""
    return len(figure.get_children()) > 1


# ---- matplotlib, once the file imports it ------------------------------------------------------


def _patch(pyplot):
    """Functions, not methods: matplotlib sets attributes on pyplot.show."""
    if hasattr(pyplot.show, "sparkspool"):
        return
    saves = pyplot.savefig

    def show(*args, **kwargs):
        """Write the open figures as pictures beside the file's output, and close them."""
        _pictures.show(pyplot)

    show.sparkspool = True

    @functools.wraps(saves)
    def savefig(*args, **kwargs):
        # Without a screen show() leaves the figure open, and files rely on it: they save it after.
        shown = _pictures.last_shown
        if shown is not None and not pyplot.get_fignums():
            return shown.savefig(*args, **kwargs)
        return saves(*args, **kwargs)

    def show_one(self, *args, **kwargs):
        """Write this figure as a picture; it stays open."""
        _pictures.add_figure(self)

    pyplot.show = show
    pyplot.savefig = savefig
    pyplot.Figure.show = show_one


class _Finder(object):
    """Sees the import of pyplot; every other import costs two comparisons."""

    def find_spec(self, name, path=None, target=None):
        if name == "matplotlib":
            # A driver has no screen, and its processes inherit it. The file's own choice is later.
            os.environ.setdefault("MPLBACKEND", "Agg")
        elif name == "matplotlib.pyplot":
            return self._pyplot(name, path, target)
        return None

    def _pyplot(self, name, path, target):
        for finder in [f for f in sys.meta_path if f is not self]:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                _patch_after(spec.loader, name)
                return spec
        return None


def _patch_after(loader, name):
    """The module keeps its own loader; only this one object's exec_module does more, once."""
    executes = getattr(loader, "exec_module", None)

    def exec_module(module):
        executes(module)
        if module.__name__ == name:
            _patch(module)

    if executes:
        loader.exec_module = exec_module


# ---- for the runner ----------------------------------------------------------------------------


def install(artifact, count_max=COUNT_MAX, bytes_max=BYTES_MAX):
    """Before a file runs. artifact(name) is the path that a picture is written to."""
    global _pictures

    _pictures = _Pictures(artifact, count_max, bytes_max)
    if "matplotlib.pyplot" in sys.modules:
        _patch(sys.modules["matplotlib.pyplot"])
    elif not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def flush():
    """At the end of the file, before atexit (where matplotlib drops its figures): the figures that
    are still open. Returns warnings."""
    if _pictures is None or os.getpid() != _pictures.pid:
        return []
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        _pictures.show(pyplot)
    return _pictures.take_warnings()


def add(figure, also_empty=False):
    """A figure that the file shows by other means than pyplot; it stays open."""
    if _pictures is not None and (also_empty or _has_content(figure)):
        _pictures.add_figure(figure)


def add_png(png):
    """The bytes of a picture that is no figure."""
    if _pictures is not None:
        _pictures.add(png)
