"""On a terminal: 80 columns, no line longer, and no colour where it is not wanted."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from place import PATIENCE_S, Place, must, same, until

ESCAPE = re.compile(r"\033\[[0-9;]*([A-Za-z])")


class Terminal:
    """A command whose every descriptor is a terminal, but for standard output where that is said."""
    def __init__(self, p, *args, columns=80, rows=24, stdout=None, **env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = dict(p.environment({"TERM": "xterm"}), **env)
        self.process = subprocess.Popen(p.command(args), stdin=slave, stdout=stdout or slave, stderr=slave,
                                        cwd=p.path("home"), env=env, start_new_session=True)
        p.running.append(self.process)
        os.close(slave)
        self.text = ""

    def more(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return False
            if not piece:
                return False
            self.text += piece.decode(errors="replace")
        return True

    def until(self, words):
        end = time.monotonic() + PATIENCE_S
        while words not in self.text:
            must(time.monotonic() < end, "the screen never shows %r: %r" % (words, self.text))
            self.more()

    def rest(self):
        while self.more():
            pass
        os.close(self.master)
        return self.process.wait()

    def lines(self):
        """What stands between moves of the cursor."""
        return [part for line in self.text.split("\n") for part in re.split("\r", ESCAPE.sub("", line))]


def narrow(t, columns=80):
    for line in t.lines():
        must(len(line) <= columns, "a line of %d columns: %r" % (len(line), line))


def case_screen_list(tools):
    p = Place(tools)
    yield p
    p.stand.add(p.path("s") + "/" + "long" * 40 + ".py", "s", state="running", progress=0.5)
    t = Terminal(p, "list")
    same(t.rest(), 0, "the code")
    narrow(t)
    must("\033[32m" in t.text and ".." in t.text, "colour and a cut: %r" % t.text)
    t = Terminal(p, "list", NO_COLOR="1")
    t.rest()
    must("\033" not in t.text, "no colour: %r" % t.text)
    t = Terminal(p, "list", TERM="dumb")
    t.rest()
    must("\033" not in t.text and "long" * 40 in t.text, "a terminal that can nothing: %r" % t.text)
    must("\033" not in p.good("list", TERM="xterm").out, "a pipe")


def case_screen_run(tools):
    """A bar with progress and time, the place in the queue before; the output above it."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    t = Terminal(p, "run", "a.py")
    path = p.path("s", "a.py")
    until(lambda: p.stand.find(path) if os.path.exists(path) else None, "the job")
    job = p.stand.find(path)
    p.stand.change(job, place=3)
    t.until("a.py: queued 3, for ")
    job["place"] = 2  # which is no news to who watches
    t.until("a.py: queued 2, for ")
    p.stand.change(job, state="running", place=0, progress=0.5, elapsed_s=63)
    t.until("a.py: [##########----------] running, 50%, 1m 0")
    t.until("50%, 1m 05s")  # time goes on, though nobody tells of it
    hidden = p.write("s/.1.tmp", "line\n")
    p.stand.change(job, output={"path": hidden, "bytes": 5})
    t.until("\r\033[Kline\r\n")
    os.rename(hidden, path + ".out")
    p.stand.change(job, state="done", status="ok", exit_code=0, record=path + ".json")
    same(t.rest(), 0, "the code")
    narrow(t, 79)
    same(t.text.count("line\r\n"), 1, "the output, once")
    must(t.text.endswith("\r\033[K"), "the bar is gone: %r" % t.text[-40:])


def case_screen_run_redirected(tools):
    """With its output in a file the bar still stands on the terminal; with both, there is none."""
    p = Place(tools)
    yield p
    p.write("home/a.py", "1\n")
    p.stand.on_pick_up = lambda job: p.stand.finish(job, "ok", out="told\n", err="more\n")
    done = p.cli("run", "a.py", TERM="xterm")
    same((done.out, done.err), ("told\n", "more\n"), "no bar, no colour")
    same(p.good("run", "-q", "a.py").out, "told\n", "quiet")


def case_screen_watch(tools):
    p = Place(tools)
    yield p
    a = p.stand.add(p.path("s", "a.py"), "s", place=1)
    t = Terminal(p, "watch", rows=10)
    t.until("queued 1")
    p.stand.change(a, state="running", place=0, progress=0.25, elapsed_s=1)
    t.until("25%")
    for i in range(30):
        p.stand.add(p.path("s") + "/%s%d.py" % ("w" * 100, i), "s")
    t.until("and 24 more")
    narrow(t)
    for piece in t.text.split("\033[J")[1:]:
        must(piece.count("\n") <= 10, "a screen of more than 10 lines: %r" % piece)
    t.process.terminate()
    t.rest()
