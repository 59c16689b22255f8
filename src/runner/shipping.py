"""shipping: files that a run gives to Spark go under names made from their contents.

Spark keeps what was added once for as long as it lives, by its bare name, for everyone. So two
runs' different helper.py must have two names there. A .py goes inside an archive named after its
bytes; any other file is renamed, and the run's SparkFiles directory has links that lead to it.
"""

import hashlib
import importlib
import os
import shutil
import sys
import zipfile
from urllib.parse import unquote, urlparse

_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for data in iter(lambda: f.read(_CHUNK), b""):
            digest.update(data)
    return digest.hexdigest()[:32]


def digest_of_tree(path):
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)
            line = "%s\0%s\n" % (os.path.relpath(full, path), digest_of(full))
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def zip_up(archive, entries):
    """entries: [(name inside, path)]. The same contents give the same bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
        for name, path in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with open(path, "rb") as f:
                z.writestr(info, f.read())


def local_path(path):
    """The path of a file of this machine, or None if it is somewhere else."""
    if path.startswith("file:"):
        return unquote(urlparse(path).path)
    return None if "://" in path or path.startswith("hdfs:") else path


# ---- in a task -----------------------------------------------------------------------------------


def begin_task(name, links, command):
    """Called in a worker while a run's command is read: its SparkFiles is a directory of links. This
    function travels with the command, so it may use nothing of this module."""
    import os
    from pyspark import SparkFiles
    top = SparkFiles._root_directory
    own = os.path.join(top, name)
    os.makedirs(own, exist_ok=True)
    links = dict(links)
    for entry in os.listdir(top):
        if not entry.startswith("sparkspool-"):
            links.setdefault(entry, entry)
    for plain in links:
        try:
            os.symlink(os.path.join(top, links[plain]), os.path.join(own, plain))
        except FileExistsError:
            pass
    SparkFiles._root_directory = own
    return command


begin_task.__module__ = "__main__"  # pickled by value: there is no such module where tasks run


class Begun(object):
    """A command that begins with begin_task."""

    def __init__(self, name, links, command):
        self.parts = (name, links, command)

    def __reduce__(self):
        return begin_task, self.parts


def task_directory(name):
    """What begin_task makes in the directory of Spark's files, on every machine that runs tasks."""
    return name + ".d"


# ---- in a run ------------------------------------------------------------------------------------


class Shipped(object):
    """What this run has given to Spark."""

    def __init__(self, warm):
        self.warm = warm
        self.names = {}       # the file's name: the name in Spark
        self.includes = []    # archives that every context of the run has
        self._true_root = None

    def true_root(self):
        """Spark's own directory of files, which all runs share."""
        if self._true_root is None:
            self._true_root = self.warm.hold.jvm.org.apache.spark.SparkFiles.getRootDirectory()
        return self._true_root

    def root(self):
        """What SparkFiles is to this run: a directory of its own, with links to the session's files."""
        path = os.path.join(self.warm.directory, "files")
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
            for entry in os.listdir(self.true_root()):
                if not entry.startswith("sparkspool-"):
                    os.symlink(os.path.join(self.true_root(), entry), os.path.join(path, entry))
        return path

    # ---- giving ----------------------------------------------------------------------------------

    def _claim(self, name, content):
        """One name has one meaning in a run, as it has in a program."""
        if self.names.get(name, content) != content:
            raise ValueError("%s was added before with other contents: Spark keeps one file of a name" % name)

    def _stage(self, local, content, copy):
        """The path under which Spark is given it."""
        staged = os.path.join(self.warm.directory, "spark", content)
        if not os.path.exists(staged):
            copy(local, staged)
        return staged

    def _link(self, name, target):
        path = os.path.join(self.root(), name)
        if os.path.islink(path):
            os.unlink(path)
        os.symlink(target, path)

    def _listed(self, what="listFiles"):
        listed = getattr(self.warm.scala_context(), what)()
        return [listed.apply(i) for i in range(listed.size())]

    def _known(self, content, what="listFiles"):
        return any(url.rsplit("/", 1)[-1].split("#")[0] == content for url in self._listed(what))

    def add_file(self, path, recursive=False):
        """The name in Spark."""
        local = local_path(path)
        if local is None:
            return self._add_remote(path, recursive)
        if not os.path.exists(local):
            self.warm.scala_context().addFile(path, recursive)  # Spark has its own words for it
        name = os.path.basename(local.rstrip("/"))
        is_tree = os.path.isdir(local)
        content = "sparkspool-%s-%s" % (digest_of_tree(local) if is_tree else digest_of(local), name)
        self._claim(name, content)
        staged = self._stage(local, content, shutil.copytree if is_tree else shutil.copyfile)
        if not self._known(content):
            self.warm.scala_context().addFile(staged, recursive)
        self.names[name] = content
        self._link(name, os.path.join(self.true_root(), content))
        return content

    def _add_remote(self, path, recursive):
        """Its contents are not known, so its name must be free, or this very file's."""
        name = path.rstrip("/").rsplit("/", 1)[-1]
        for url in self._listed():
            if url.rsplit("/", 1)[-1] == name and url != path:
                raise ValueError("%s cannot be added: another file of this session has added %s, and Spark keeps one "
                                 "file of a name; let this one run with isolation=fresh" % (path, url))
        self._claim(name, name)
        self.warm.scala_context().addFile(path, recursive)
        self.names[name] = name
        self._link(name, os.path.join(self.true_root(), name))
        return name

    def add_archive(self, path):
        plain, _, folder = path.partition("#")
        local = local_path(plain)
        if local is None or not os.path.isfile(local):
            return self.warm.scala_context().addArchive(path)
        name = os.path.basename(local)
        content = "sparkspool-%s-%s" % (digest_of(local), name)
        self._claim(folder or name, content)
        staged = self._stage(local, content, shutil.copyfile)
        if not self._known(content, "listArchives"):
            self.warm.scala_context().addArchive(staged)
        self.names[folder or name] = content
        self._link(folder or name, os.path.join(self.true_root(), content))

    def add_py_file(self, path, context):
        name = os.path.basename(path.rstrip("/"))
        local = local_path(path)
        if name[-4:].lower() in context.PACKAGE_EXTENSIONS:
            self._include(context, self.add_file(path))
            sys.path.insert(1, os.path.join(self.root(), name))
        elif local is None or not os.path.isfile(local):
            self.add_file(path)
        else:
            self._add_module(name, local, context)
        importlib.invalidate_caches()

    def _add_module(self, name, local, context):
        """On the driver a plain file in the run's directory; for tasks an archive."""
        content = "sparkspool-%s.zip" % digest_of(local)
        self._claim(name, content)
        staged = self._stage(local, content, lambda source, target: zip_up(target, [(name, source)]))
        if not self._known(content):
            self.warm.scala_context().addFile(staged, False)
        if name not in self.names:
            shutil.copyfile(local, os.path.join(self.root(), name))
        self.names[name] = content
        self._include(context, content)

    def _include(self, context, content):
        if content not in context._python_includes:
            context._python_includes.append(content)

    def add_modules(self, modules):
        """The spool's helper modules: they are on the driver's path already."""
        content = os.path.basename(modules["zip"])
        if not self._known(content):
            self.warm.scala_context().addFile(modules["zip"], False)
        self.includes.append(content)
        self.begin(self.warm.sc)

    def begin(self, context):
        """What a new context of the run has from its start."""
        for content in self.includes:
            self._include(context, content)

    # ---- pyspark's places ------------------------------------------------------------------------

    def prepared(self, command):
        """A command as it is sent to tasks."""
        if not self.names:
            return command
        return Begun(task_directory(self.warm.name), self.names, command)

    def patch(self):
        from pyspark import SparkContext, SparkFiles, rdd
        from pyspark.sql import udf
        shipped = self
        prepare = rdd._prepare_for_python_RDD

        def addFile(self, path, recursive=False):
            self._jsc.sc  # as pyspark: an error once the context has been stopped
            shipped.add_file(path, recursive)

        def addPyFile(self, path):
            self._jsc.sc
            shipped.add_py_file(path, self)

        def addArchive(self, path):
            self._jsc.sc
            shipped.add_archive(path)

        def getRootDirectory(cls):
            return cls._root_directory if cls._is_running_on_worker else shipped.root()

        def _prepare_for_python_RDD(sc, command):
            return prepare(sc, shipped.prepared(command))

        SparkContext.addFile = addFile
        SparkContext.addPyFile = addPyFile
        if hasattr(SparkContext, "addArchive"):
            SparkContext.addArchive = addArchive
        SparkFiles.getRootDirectory = classmethod(getRootDirectory)
        for module in (rdd, udf, sys.modules.get("pyspark.sql.udtf")):
            if hasattr(module, "_prepare_for_python_RDD"):
                module._prepare_for_python_RDD = _prepare_for_python_RDD
