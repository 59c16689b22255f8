"""The completion of both shells, as a user of each has it."""
import os
import shutil
import subprocess

from place import PATIENCE_S, Place, Skipped, must, same

# Asks for what bash would offer for a line; the last word is completed.
BASH = """
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sparkspool
printf '%s\\n' "${COMPREPLY[@]}"
"""

# A zsh in a terminal of its own: the line, then the key that lists, then what is on the screen.
ZSH = r"""
zmodload zsh/zpty
zpty z "PS1='<ready>' zsh -f -i"
zpty -w z "fpath=($1 \$fpath); PATH=$2:\$PATH; autoload -Uz compinit; compinit -u -D; \
zstyle ':completion:*' list-colors; LISTMAX=0; unsetopt auto_menu; bindkey '^L' list-choices; echo set-up"
zpty -r z text '*set-up*set-up*<ready>*'
zpty -w -n z "$3"
zpty -w -n z $'\C-l'
out=
while zpty -r z text "*"; do
	out+=$text
	[[ $out == *$4* ]] && break
done
print -r -- $out
zpty -d z
"""


def with_jobs(p):
    p.stand.add(p.path("s", "a.py"), "s", state="running")
    p.stand.finish(p.stand.add(p.path("s", "b.py"), "s"), "error", None)


def bash(p, *words):
    if shutil.which("bash") is None:
        raise Skipped("there is no bash")
    file = os.path.join(p.tools.source, "etc", "completion", "sparkspool")
    done = subprocess.run(["bash", "-c", BASH, "bash", file, p.tools.cli, "-f", p.conf] + list(words),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=p.path("home"),
                          env=p.environment({}), timeout=PATIENCE_S)
    same(done.stderr, b"", "what bash complains about")
    return done.stdout.decode().split()


def case_bash(tools):
    p = Place(tools)
    yield p
    with_jobs(p)
    p.write("home/file.py", "1\n")
    os.mkdir(p.path("home", "folder"))
    for words, wanted in ((["re"], ["release", "rerun", "resume", "reload"]), (["submit", "f"], ["file.py", "folder"]),
                          (["cancel", ""], ["41", "ALL", "file.py", "folder"]), (["rerun", ""], ["42"]),
                          (["pause", ""], ["s", "ALL"]), (["submit", "-s", ""], ["s"]),
                          (["run", "-k", "s"], ["sql", "spark", "sparkr"]),
                          (["history", "--status", "e"], ["error"]), (["run", "--pr"], ["--priority"]),
                          (["list", "--on"], []), (["submit", "--timeout", ""], []),
                          (["help", "on"], ["on-end"]), (["--po"], ["--porcelain"]),
                          (["init", "--o"], ["--output"]), (["init", "-s", ""], ["folder"]),
                          (["init", "--output", "fi"], ["file.py"]), (["init", "--url", ""], []),
                          (["init", "--t"], ["--try"]), (["in"], ["init"]),
                          (["submit", "-s", "s", "fi"], ["file.py"])):
        same(sorted(bash(p, *words)), sorted(wanted), "what is offered for %r" % words)
    p.stand.faults = {"*": "hang"}
    same(bash(p, "cancel", "4"), [], "from a daemon that hangs")
    p.stand.stop()
    same(bash(p, "pause", "x"), [], "without a daemon")


def zsh(p, line, until):
    folder = os.path.join(p.tools.source, "etc", "completion")
    done = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", folder, os.path.dirname(p.tools.cli),
                           "sparkspool -f %s %s" % (p.conf, line), until], stdout=subprocess.PIPE,
                          cwd=p.path("home"), env=p.environment({"TERM": "dumb"}), timeout=PATIENCE_S)
    return done.stdout.decode(errors="replace")


def case_zsh(tools):
    if shutil.which("zsh") is None:
        raise Skipped("there is no zsh")
    p = Place(tools)
    yield p
    with_jobs(p)
    p.write("home/file.py", "1\n")
    must("release" in zsh(p, "re", "resume"), "commands")
    must("sparkr" in zsh(p, "run -k s", "sparkr"), "kinds")
    must("--priority" in zsh(p, "run --p", "--priority"), "options")
    must("ALL" in zsh(p, "cancel ", "file.py"), "jobs and files")
    must("--try" in zsh(p, "init --", "--try"), "options of init")
    os.mkdir(p.path("home", "folder"))
    must("folder" in zsh(p, "init -s fo", "folder"), "directories for init")
