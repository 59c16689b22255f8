"""modules: helper modules that a spool names, kept under the hash of their contents.

For the driver they are a directory, for tasks an archive whose name is made from the hash."""

import base64
import os
import shutil

import request
import shipping

FILES_MAX = 2000
BYTES_MAX = 64 << 20


class Modules(object):
    def __init__(self, directory):
        self.directory = directory

    def _path(self, name):
        return os.path.join(self.directory, name)

    def has(self, name):
        return os.path.isdir(self._path(name))

    def places(self, name):
        return {"dir": self._path(name), "zip": self._path("sparkspool-%s.zip" % name)}

    def put(self, entry):
        """Whole or not at all; a second time does nothing."""
        request.need(isinstance(entry, dict) and request.is_hash(entry.get("hash")), "put: no hash")
        if self.has(entry["hash"]):
            return
        files = request.entries(entry, "files")
        request.need(len(files) <= FILES_MAX, "put: more than %d files" % FILES_MAX)
        new = self._path(entry["hash"] + ".new")
        shutil.rmtree(new, ignore_errors=True)
        os.makedirs(new, 0o700)
        try:
            shipping.zip_up(self.places(entry["hash"])["zip"], self._write(new, files))
            os.rename(new, self._path(entry["hash"]))
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _write(self, top, files):
        """[(name, path)]"""
        room, written = BYTES_MAX, []
        for each in files:
            name = request.relative(each.get("name"), "put: name")
            data = base64.b64decode(each.get("data") or "", validate=True)
            room -= len(data)
            request.need(room >= 0, "put: more than %d bytes" % BYTES_MAX)
            path = os.path.join(top, *name.split("/"))
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            with open(path, "wb") as f:
                f.write(data)
            written.append((name, path))
        return written
