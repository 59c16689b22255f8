"""results: a run's directory on the driver's disk: what it printed, made and left.

  src/       the file itself, and nothing else
  result/    out, err, csv, 1.png ...
  files/     what it left in its working directory, once it has ended
  spec.json  what was asked for;  end.json  how it ended
"""

import json
import os
import re
import shutil
import stat

WALK_MAX = 100000       # files looked at in a working directory
NAME_BYTES_MAX = 1000
ENTRY_BYTES = 40        # of a file in an answer, beside its name
TOLD_BYTES_MAX = 256 << 10  # of all files left behind, in an answer
LARGE = 500             # entries of a tree that takes long to remove
_PLAIN = re.compile(r"^(out|err|csv|[1-9][0-9]{0,5}\.png)$")


def is_plain(name):
    return bool(_PLAIN.match(name))


def make(directory):
    os.makedirs(os.path.join(directory, "src"), 0o700)
    os.mkdir(os.path.join(directory, "result"), 0o700)


def path_of(directory, name):
    """None if no result can have that name."""
    if is_plain(name):
        return os.path.join(directory, "result", name)
    parts = name.split("/")
    if parts[0] != "files" or len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or "\0" in name:
        return None
    return os.path.join(directory, *parts)


def write_json(path, value):
    """Whole or not at all."""
    with open(path + ".new", "w") as f:
        json.dump(value, f)
    os.rename(path + ".new", path)


def read_json(path):
    try:
        with open(path) as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def listing(directory, cut):
    """[{name, bytes, cut}] of the plain results; `cut` is {name: bytes dropped}. The file that runs may
    take away any of them, and the directory: what is not there is no reason not to tell of others."""
    files = []
    folder = os.path.join(directory, "result")
    for name in sorted(entry.name for entry in _entries(folder) if is_plain(entry.name)):
        try:
            state = os.lstat(os.path.join(folder, name))
        except OSError:
            continue
        if stat.S_ISREG(state.st_mode):
            files.append({"name": name, "bytes": state.st_size, "cut": cut.get(name, 0)})
    return files


def read(directory, name, at, most):
    """Bytes of a result from there on; none if it is not there."""
    path = path_of(directory, name)
    if path is None or at < 0 or most <= 0:
        return b""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(fd, "rb") as f:
        # What lies at its end or beyond is not asked of the file system: it may know no such offset.
        if not stat.S_ISREG(os.fstat(fd).st_mode) or at >= os.fstat(fd).st_size:
            return b""
        f.seek(at)
        return f.read(most)


# ---- what a file left in its working directory ---------------------------------------------------


def _entries(path):
    """What is in a directory; nothing where it is gone or closed."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                yield entry
    except OSError:
        pass


class _Left(object):
    """What is in a working directory: `files`, relative names of regular files, in order, and `others`,
    what cannot come back: links, pipes, sockets. A directory of millions is not read to its end."""

    def __init__(self, top):
        self.top = top
        self.files, self.others = [], []
        self.room = WALK_MAX
        todo = [""]
        while todo and self.room:
            todo += reversed(self._look(todo.pop()))

    def _look(self, folder):
        """The directories in it."""
        folders = []
        for name, entry in self._sorted(folder):
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            else:
                (self.files if entry.is_file(follow_symlinks=False) else self.others).append(name)
        return folders

    def _sorted(self, folder):
        found = []
        _open_up(os.path.join(self.top, folder))
        for entry in _entries(os.path.join(self.top, folder)):
            if not self.room:
                break
            self.room -= 1
            found.append((os.path.join(folder, entry.name), entry))
        return sorted(found, key=lambda each: each[0])


def _is_tellable(name):
    try:
        return len(name.encode("utf-8")) <= NAME_BYTES_MAX
    except UnicodeEncodeError:
        return False


def _open_up(path):
    """A directory that its file has closed: else one of these would keep back all that was left."""
    try:
        if os.lstat(path).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(path, 0o700)
    except OSError:
        pass


def _make_readable(path):
    """Its mode is the file's own matter, and where it has other names, theirs as well."""
    state = os.lstat(path)
    if not state.st_mode & stat.S_IRUSR and state.st_nlink == 1:
        os.chmod(path, 0o600)


def take_left(work, directory, limits, budget):
    """Moves what was left to files/, as far as the limits go: (files, warnings)."""
    files, left_out, kept_bytes, told_bytes = [], [], 0, 0
    top = os.path.join(directory, "files")
    left = _Left(work)
    for name in left.files:
        source, target = os.path.join(work, name), os.path.join(top, name)
        size = os.lstat(source).st_size
        fits = not ((limits["files_count"] and len(files) >= limits["files_count"])
                    or (limits["files_bytes"] and kept_bytes + size > limits["files_bytes"]))
        told = len(json.dumps(name)) + ENTRY_BYTES
        if not fits or not _is_tellable(name) or told_bytes + told > TOLD_BYTES_MAX or not _take(budget, size):
            left_out.append((name, size))
            continue
        os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
        os.rename(source, target)
        _make_readable(target)
        kept_bytes += size
        told_bytes += told
        files.append({"name": "files/" + name, "bytes": size, "cut": 0})
    return files, _words_on(left_out) + _words_on_others(left)


def _take(budget, size):
    granted = budget.take(size)
    if granted < size:
        budget.give(granted)
    return granted == size


def _some(names):
    some = ", ".join(name.encode("utf-8", "backslashreplace").decode("utf-8")[:100] for name in names[:5])
    return some + (", ..." if len(names) > 5 else "")


def _words_on(left_out):
    if not left_out:
        return []
    return ["left out of the results: %d files with %d bytes (%s), which exceed the limits on files left behind"
            % (len(left_out), sum(size for _, size in left_out), _some([name for name, _ in left_out]))]


def _words_on_others(left):
    words = []
    if left.others:
        words.append("left out of the results: %d links, pipes or sockets (%s)" % (len(left.others), _some(left.others)))
    if not left.room:
        words.append("left out of the results: what is beyond the first %d files and directories" % WALK_MAX)
    return words


def remove(path):
    """A tree, also one whose directories were made unreadable."""
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return
    for folder, folders, names in os.walk(path):
        for name in folders:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o700)
    shutil.rmtree(path, ignore_errors=True)


def keep_made(directory, files, budget):
    """Tables and pictures count too: what there is no room for is removed. (files, warnings)
    The outputs have been counted as they came."""
    kept, dropped = [], []
    for each in files:
        if each["name"] in ("out", "err") or _take(budget, each["bytes"]):
            kept.append(each)
        else:
            os.unlink(path_of(directory, each["name"]))
            kept.append(dict(each, bytes=0, cut=each["bytes"]))
            dropped.append(each["name"])
    if not dropped:
        return kept, []
    return kept, ["no room is left for %s: results take too much of the driver's disk" % ", ".join(dropped)]


def is_large(path):
    seen, todo = 0, [path]
    while todo:
        for entry in _entries(todo.pop()):
            seen += 1
            if seen > LARGE:
                return True
            if entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)
    return False


# ---- the end -------------------------------------------------------------------------------------


def end_of(directory):
    return read_json(os.path.join(directory, "end.json"))


def write_end(directory, end):
    write_json(os.path.join(directory, "end.json"), end)
