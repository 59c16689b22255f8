"""The Pythons of this machine that the runner is held against, besides the one that asks."""

import glob
import os
import shutil
import subprocess

VERSIONS = ("3.6", "3.12", "3.13")  # the oldest, and those that have changed what matters here


def _works(path, version):
    """A name may be a shim that leads nowhere."""
    code = "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != %r)" % version
    return subprocess.call([path, "-c", code], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def find(version):
    """The path of one, or None"""
    root = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv")
    paths = [shutil.which("python" + version)] + sorted(glob.glob("%s/versions/%s.*/bin/python" % (root, version)))
    return next((path for path in paths if path and _works(path, version)), None)


def found(what):
    """[(version, path)] of those that are here; of the others it is said that they are not"""
    pairs = [(version, find(version)) for version in VERSIONS]
    for version, path in pairs:
        if path is None:
            print("skip %s: there is no Python %s here" % (what, version))
    return [pair for pair in pairs if pair[1]]
