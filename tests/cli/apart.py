"""The command that is a program of its own: where it is looked for, and that nothing is lost on the way."""
import errno
import os
import re
import shutil
import subprocess

from place import Place, Skipped, must, same

PROGRAM = "sparkspool-init"
SHOWS = """#!/bin/sh
for word; do echo "word $word"; done
echo "home $HOME"
cat
exit 77
"""


class Alone:
    """A copy of sparkspool in a directory of its own, called from one that lies in wait: it, and all of
    PATH, have a program of that name that must never run."""
    def __init__(self, p):
        self.p, self.cli = p, p.path("bin", "sparkspool")
        os.mkdir(p.path("bin"))
        shutil.copy(p.tools.cli, self.cli)
        self.trap = self.program("home", "echo trapped; exit 99\n")

    def program(self, folder, text, mode=0o755):
        path = self.p.path(folder, PROGRAM)
        with open(path, "w") as f:
            f.write(text if text.startswith("#!") else "#!/bin/sh\n" + text)
        os.chmod(path, mode)
        return path

    def run(self, *args, stdin=b"", **env):
        env = self.p.environment(dict(env, PATH=self.p.path("home") + ":" + os.environ["PATH"]))
        done = None
        while done is None:
            try:
                done = subprocess.run(("sparkspool",) + args, executable=self.cli, input=stdin,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      cwd=self.p.path("home"), env=env)
            except OSError as e:  # another case's child has it open for writing until its own exec
                if e.errno != errno.ETXTBSY:
                    raise
        out, err = done.stdout.decode(), done.stderr.decode()
        must("trapped" not in out, "it ran what its caller has chosen: %r" % (args,))
        return done.returncode, out, err

    def fails(self, code, says, *args):
        got, out, err = self.run(*args)
        must((got, err.count("\n")) == (code, 1) and err.startswith("sparkspool: "), "%r: %d, %r" % (args, got, err))
        must(says in err, "%r does not say %r" % (err, says))
        return out

    def installed(self):
        """Where make install puts the program, as the copy has it in its text."""
        with open(self.cli, "rb") as f:
            return re.search(rb"/[ -~]*/" + PROGRAM.encode() + rb"(?=\0)", f.read()).group().decode()


def place(tools):
    p = Place(tools, stand=False)
    return p, Alone(p)


def case_apart_hands_over(tools):
    """Words, environment, standard input and the exit code are those of the program beside it."""
    p, alone = place(tools)
    yield p
    alone.program("bin", SHOWS)
    words = ("-f", "a b", "-q", "init", "--url", "http://x/$y 'z'", "-o", "-", "--yes")
    code, out, err = alone.run(*words, stdin=b"in\n", HOME="/h h")
    same((code, err), (77, ""), "the code")
    same(out.splitlines(), ["word " + w for w in words] + ["home /h h", "in"], "what it was given")
    alone.program("bin", "kill -TERM $$\n")
    same(alone.run("init", "--yes")[0], -15, "its end by a signal")


def case_apart_looks_at_words_first(tools):
    """Help, and what is wrong with the words, take no second program."""
    p, alone = place(tools)
    yield p
    alone.program("bin", "echo trapped\n")
    must("--url=\n" in alone.run("help", "init")[1] and "--url=\n" in alone.run("init", "--help")[1], "its help")
    alone.fails(120, "there is no option --nope", "init", "--nope")
    alone.fails(120, "init has no option --once", "init", "--once")


def case_apart_fails(tools):
    """One that cannot be run is a line, and an object with --json; it is never looked for elsewhere."""
    p, alone = place(tools)
    yield p
    path = alone.program("bin", SHOWS, mode=0o644)
    line = "%s cannot be run: Permission denied; it is a part of sparkspool: install that again" % path
    same(alone.fails(125, line, "init", "--yes"), "", "standard output")
    out = alone.fails(125, line, "init", "--yes", "--json")
    must('"type":"error","why":"failed","exit":125' in out, "in JSON: %r" % out)


def case_apart_missing(tools):
    p, alone = place(tools)
    yield p
    if os.path.exists(alone.installed()):
        raise Skipped("%s is there" % alone.installed())
    line = alone.installed() + " cannot be run: No such file or directory; "
    alone.fails(125, line, "init", "--yes")
    os.symlink(alone.trap, p.path("bin", PROGRAM))
    alone.fails(125, line, "init", "--yes")  # a link is not what was built there
    os.unlink(p.path("bin", PROGRAM))
    if os.getuid() != 0:
        raise Skipped("it takes root to put somebody else's file there")
    os.chown(alone.program("bin", "echo trapped\n"), 65534, 65534)
    alone.fails(125, line, "init", "--yes")


def case_apart_by_hand(tools):
    p, alone = place(tools)
    yield p
    shutil.copy(os.path.join(os.path.dirname(tools.cli), PROGRAM), p.path("bin", PROGRAM))
    alone.cli = p.path("bin", PROGRAM)
    for words in ((), ("list",), ("--help",), ("init", "--help"), ("--version",)):
        alone.fails(120, "this is a part of sparkspool(1), which runs it; 'sparkspool help init' shows how", *words)
