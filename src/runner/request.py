"""request: what a boot or a call may say. Anything else is refused here, in words."""

import re

VERSION = 1
SLOTS_MAX = 64
WAIT_MS_MAX = 2000
DATA_BYTES_MAX = 12 << 20  # in base64, and with the rest of an answer: Livy's outputs end at 20,000,000 characters
CODE_BYTES_MAX = 16 << 20
ENTRIES_MAX = 4096
TEXT_MAX = 4096
LIMITS = ("time_ms", "out_bytes", "err_bytes", "files_bytes", "files_count", "rows")

_ID = re.compile(r"^[0-9a-f]{32}$")
_HASH = re.compile(r"^[0-9a-f]{16,64}$")
_ENV = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class Malformed(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Malformed(why)


def number(value, low, high, what):
    need(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
         "%s is not a number from %d to %d" % (what, low, high))
    return value


def text(value, what, longest=TEXT_MAX):
    need(isinstance(value, str) and len(value) <= longest and "\0" not in value,
         "%s is not a text of at most %d characters" % (what, longest))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("%s is not text" % what)
    return value


def entries(request, part):
    found = request.get(part) or []
    need(isinstance(found, list) and len(found) <= ENTRIES_MAX, "%s is not a list of at most %d" % (part, ENTRIES_MAX))
    return found


def version(request):
    need(isinstance(request, dict), "not an object")
    need(request.get("v") == VERSION, "version %r is not spoken here, only %d" % (request.get("v"), VERSION))


def boot(request):
    version(request)
    return {
        "slots": number(request.get("slots", 4), 1, SLOTS_MAX, "slots"),
        "spare": number(request.get("spare", 1), 0, SLOTS_MAX, "spare"),
        "memory_bytes": number(request.get("memory_bytes", 0), 0, 1 << 60, "memory_bytes"),
        "keep_bytes": number(request.get("keep_bytes", 0), 0, 1 << 60, "keep_bytes"),
        "code": text(request.get("code", ""), "code", 64),
    }


def is_id(value):
    return isinstance(value, str) and bool(_ID.match(value))


def is_hash(value):
    return isinstance(value, str) and bool(_HASH.match(value))


def file_name(value, what):
    """One name, no path."""
    text(value, what, 255)
    need(value not in ("", ".", "..") and "/" not in value, "%s is not the name of a file" % what)
    return value


def relative(value, what):
    text(value, what)
    for part in value.split("/"):
        file_name(part, what)
    return value


def run(entry):
    """The parts of one run, each checked; `code` is still base64."""
    need(isinstance(entry, dict) and is_id(entry.get("id")), "id is not 32 hexadecimal digits")
    need(entry.get("kind") in ("python", "sql"), "kind is neither python nor sql")
    need(entry.get("style", "script") in ("script", "notebook"), "style is neither script nor notebook")
    env = entry.get("env") or {}
    need(isinstance(env, dict) and len(env) <= ENTRIES_MAX, "env is not an object")
    for name, value in env.items():
        need(_ENV.match(name), "env: %r is not the name of a variable" % name)
        text(value, "env " + name, 1 << 17)
    modules = entry.get("modules")
    need(modules is None or is_hash(modules), "modules is not a hash")
    limits = entry.get("limits") or {}
    need(isinstance(limits, dict), "limits is not an object")
    code = entry.get("code")
    need(isinstance(code, str) and len(code) <= CODE_BYTES_MAX * 4 // 3 + 4, "code is missing or too large")
    return {
        "id": entry["id"], "kind": entry["kind"], "style": entry.get("style", "script"),
        "name": file_name(entry.get("name"), "name"),
        "args": [text(arg, "args", 1 << 17) for arg in entries(entry, "args")],
        "env": env, "modules": modules, "label": text(entry.get("label") or "", "label"),
        "limits": {name: number(limits.get(name, 0), 0, 1 << 60, name) for name in LIMITS},
        "code": code,
    }


def polled(entry):
    need(isinstance(entry, dict) and is_id(entry.get("id")), "poll: id is not 32 hexadecimal digits")
    at = entry.get("at") or {}
    need(isinstance(at, dict) and len(at) <= ENTRIES_MAX, "poll: at is not an object")
    for name, offset in at.items():
        number(offset, 0, 1 << 60, "poll: the offset in " + text(name, "poll: name"))
    return {"id": entry["id"], "at": at}
