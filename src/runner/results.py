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
    """[{name, bytes, cut}] of the plain results; `cut` is {name: bytes dropped}."""
    files = []
    folder = os.path.join(directory, "result")
    for name in sorted(os.listdir(folder)):
        if is_plain(name):
            size = os.lstat(os.path.join(folder, name)).st_size
            files.append({"name": name, "bytes": size, "cut": cut.get(name, 0)})
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
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return b""
        f.seek(at)
        return f.read(most)


# ---- what a file left in its working directory ---------------------------------------------------


def _walk(top):
    """Relative names of the regular files, in order."""
    found = []
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                found.append(os.path.relpath(path, top))
            if len(found) >= WALK_MAX:
                return found
    return found


def _is_tellable(name):
    try:
        return len(name.encode("utf-8")) <= NAME_BYTES_MAX
    except UnicodeEncodeError:
        return False


def take_left(work, directory, limits, budget):
    """Moves what was left to files/, as far as the limits go: (files, warnings)."""
    files, left_out, kept_bytes = [], [], 0
    top = os.path.join(directory, "files")
    for name in _walk(work):
        source, target = os.path.join(work, name), os.path.join(top, name)
        size = os.lstat(source).st_size
        fits = not ((limits["files_count"] and len(files) >= limits["files_count"])
                    or (limits["files_bytes"] and kept_bytes + size > limits["files_bytes"]))
        if not fits or not _is_tellable(name) or not _take(budget, size):
            left_out.append((name, size))
            continue
        os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
        os.rename(source, target)
        os.chmod(target, 0o600)
        kept_bytes += size
        files.append({"name": "files/" + name, "bytes": size, "cut": 0})
    return files, _words_on(left_out)


def _take(budget, size):
    granted = budget.take(size)
    if granted < size:
        budget.give(granted)
    return granted == size


def _words_on(left_out):
    if not left_out:
        return []
    names = ", ".join(name.encode("utf-8", "backslashreplace").decode("utf-8")[:100] for name, _ in left_out[:5])
    return ["left out of the results: %d files with %d bytes (%s%s), which exceed the limits on files left behind"
            % (len(left_out), sum(size for _, size in left_out), names, ", ..." if len(left_out) > 5 else "")]


def remove(path):
    """A tree, also one whose directories were made unreadable."""
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return
    for folder, folders, names in os.walk(path):
        for name in folders:
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
    seen = 0
    for folder, folders, names in os.walk(path):
        seen += len(folders) + len(names)
        if seen > LARGE:
            return True
    return False


# ---- the end -------------------------------------------------------------------------------------


def end_of(directory):
    return read_json(os.path.join(directory, "end.json"))


def write_end(directory, end):
    write_json(os.path.join(directory, "end.json"), end)
