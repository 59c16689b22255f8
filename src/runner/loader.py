"""loader: the runner's modules live in memory, as _sparkspool.NAME, and find each other by NAME.

Their bare names stay free: a user's own module may be called results or tables.
"""

import base64
import builtins
import linecache
import sys
import types

PACKAGE = "_sparkspool"
sources = {}  # name: source in base64


def use(given):
    sources.update(given)


def module(name):
    full = PACKAGE + "." + name
    if full not in sys.modules:
        made = types.ModuleType(full)
        made.__file__ = "<sparkspool>/%s.py" % name
        made.__builtins__ = dict(vars(builtins), __import__=_import)
        sys.modules[full] = made
        text = base64.b64decode(sources[name]).decode("utf-8")
        linecache.cache[made.__file__] = (len(text), None, text.splitlines(True), made.__file__)
        try:
            exec(compile(text, made.__file__, "exec", dont_inherit=True), made.__dict__)
        except BaseException:
            del sys.modules[full]
            raise
    return sys.modules[full]


def _import(name, scope=None, local=None, wanted=(), level=0):
    if level == 0 and name in sources:
        return module(name)
    return builtins.__import__(name, scope, local, wanted, level)
