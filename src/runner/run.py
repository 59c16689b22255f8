"""run: one file's run as the zygote knows it, from its order to its end."""

import os
import time

import log
import results

WORDS_MAX = 100
WORDS_CHARS_MAX = 16000  # all together
WORD_CHARS_MAX = 2000
NAME_CHARS_MAX = 200
ERROR_CHARS_MAX = 4000


def text_in(value, most):
    return value[:most] if isinstance(value, str) else ""


def number_in(value):
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else None


def error_in(value):
    return {"name": text_in(value.get("name"), NAME_CHARS_MAX), "message": text_in(value.get("message"), ERROR_CHARS_MAX),
            "line": number_in(value.get("line")), "statement": number_in(value.get("statement"))}


def some_of(words):
    """As many as go into an answer."""
    kept, room = [], WORDS_CHARS_MAX
    for word in words[:WORDS_MAX]:
        room -= len(word)
        if room < 0:
            break
        kept.append(word)
    return kept


class Run(object):
    def __init__(self, order):
        self.id = order["id"]
        self.directory = order["dir"]
        self.limits = order["limits"]
        self.started = time.monotonic()
        self.started_ms = int(time.time() * 1000)
        self.process = None
        self.why = None        # why it was killed
        self.killed = False
        self.error = self.sql = None
        self.warnings = []
        self.progress = 0.0
        self.finish_by = None  # ended, but for the JVM's part
        self.end = None
        self.kept = 0

    def run_ms(self):
        return int((time.monotonic() - self.started) * 1000)

    def due(self):
        """When the next thing about it is due, or None."""
        if self.end:
            return None
        if self.finish_by:
            return self.finish_by
        if self.limits["time_ms"] and not self.killed:
            return self.started + self.limits["time_ms"] / 1000.0
        return None

    def cut(self):
        if not self.process or not self.process.out:
            return {}
        return {"out": self.process.out.cut, "err": self.process.err.cut}

    def tell(self):
        if self.end:
            return {"state": "ended", "end": self.end}
        return {"state": "running", "run_ms": self.run_ms(), "started_ms": self.started_ms,
                "progress": self.progress, "cut": self.cut()}

    # ---- its end ---------------------------------------------------------------------------------

    def finish(self, exit_code, why, budget):
        """What it left is gathered, as far as there is room; from now on nothing changes."""
        files, left = [], []
        try:
            files = results.listing(self.directory, self.cut())
            files, words = results.keep_made(self.directory, files, budget)
            self.warnings += words
            if self.process:
                left, words = results.take_left(
                    os.path.join(self.process.directory, "work"), self.directory, self.limits, budget)
                self.warnings += words
        except OSError as e:
            self.warnings.append("its files could not be gathered: %s" % e)
        self.kept = sum(entry["bytes"] for entry in files + left)
        self.end = {
            "exit_code": exit_code, "why": why, "error": self.error, "warnings": some_of(self.warnings),
            "sql": self.sql, "run_ms": self.run_ms(), "started_ms": self.started_ms, "files": files + left,
        }
        try:
            results.write_end(self.directory, self.end)
            results.remove(os.path.join(self.directory, "src"))
        except OSError as e:
            log.say("the end of run %s: %s" % (self.id, e))

    def hear(self, message):
        """What the child says about it. It may be the file that speaks, and say anything."""
        if isinstance(message.get("error"), dict):
            self.error = error_in(message["error"])
        if isinstance(message.get("sql"), dict):
            sql = message["sql"]
            self.sql = {"statements": number_in(sql.get("statements")) or 0, "ran": number_in(sql.get("ran")) or 0,
                        "truncated": bool(sql.get("truncated"))}
        if text_in(message.get("warning"), 1) and len(self.warnings) < WORDS_MAX:
            self.warnings.append(message["warning"][:WORD_CHARS_MAX])
