"""The first configuration: asked for, or from flags; and what is said of the server."""
import grp
import os
import shutil
import signal
import stat
import subprocess

from place import Place, Skipped, must, same, until, user
from screen import Terminal
from servers import Livy

HOME = "home"


def place(tools):
    """No daemon: there cannot be one yet."""
    p = Place(tools, stand=False)
    p.livys = []
    close = p.close

    def both():
        for livy in p.livys:
            livy.stop()
        close()

    p.close = both
    return p


def livy(p, *args, **how):
    p.livys.append(Livy(*args, **how))
    return p.livys[-1]


def flags(p, url, *more, output="new.conf"):
    return ("init", "--url", url, "-o", output, "--state-dir", p.path("st"), "--run-dir", p.path("ru"),
            "--spool", p.path("s")) + more


def stands_check(p, name="new.conf"):
    """The daemon and the command line take the file, and it says what was asked for."""
    path = p.path(HOME, name)
    daemon = subprocess.run([p.tools.daemon, "-f", path, "--check-config"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    same(daemon.returncode, 0, "--check-config: %s" % daemon.stdout.decode())
    done = subprocess.run([p.tools.cli, "-f", path, "check"], stdout=subprocess.PIPE)
    same((done.returncode, done.stdout), (0, daemon.stdout), "check")
    return daemon.stdout.decode()


def says(text, *words):
    for word in words:
        must(word in text, "%r is not in %r" % (word, text))


def case_init_flags(tools):
    p = place(tools)
    yield p
    server = livy(p)
    done = p.good(*flags(p, server.url))
    same(done.err, "", "standard error")
    says(done.out, server.url + " is Livy 0.7.1-incubating, with 0 sessions",
         "kinds    pyspark, sql, spark and sparkr", "names    yes", "connect  yes", "new.conf is written; next:",
         "mkdir -p -m 700 " + p.path("st"), "sparkspoold -f %s &" % p.path(HOME, "new.conf"), "run -k pyspark -")
    must("mkdir -p " + p.path("s") not in done.out, "what is there need not be made")
    seen = stands_check(p)
    says(seen, 'url = "%s"' % server.url, 'state_dir = "%s"' % p.path("st"), "warm.pyspark = 1", "warm.sql = 0",
         'path = "%s"' % p.path("s"))
    says(p.read(HOME, "new.conf"), "// (It was Livy 0.7.1-incubating when this was written.)")
    same(stat.S_IMODE(os.stat(p.path(HOME, "new.conf")).st_mode), 0o644, "the mode without a login")
    same(os.listdir(p.path(HOME)), ["new.conf"], "what is left there")
    must(all(line.startswith("GET") or line.endswith("/connect") for line in server.asked),
         "it only looks: %r" % server.asked)
    same((server.made, server.sessions), (0, {}), "the server's sessions")


def case_init_every_line_is_explained(tools):
    """Before each setting, or behind it, stands what it is; the names of groups explain themselves."""
    p = place(tools)
    yield p
    p.write("pw", "secret\n")
    os.chmod(p.path("pw"), 0o600)
    p.good(*flags(p, "https://x.example/livy", "--no-check", "--user", "u", "--password-file", p.path("pw"),
                  "--ca-file", p.write("ca.pem", "x"), "--kind", "python,sql,scala,r"))
    stands_check(p)
    before = ""
    for line in p.read(HOME, "new.conf").splitlines():
        if " = " in line and not line.strip().startswith("//"):
            must("//" in line or before.strip().startswith("//") or "auth =" in before,
                 "a setting without a word: %r" % line)
        must(len(line.expandtabs(8)) <= 110 or p.top in line, "a line of %d columns: %r" % (len(line), line))
        before = line


def case_init_ages(tools):
    """What a server can do is told by its version, and by its answers."""
    p = place(tools)
    yield p
    for n, (version, names, kinds) in enumerate([
            (None, False, 3), ("0.4.0-incubating", False, 3), ("0.5.0-incubating", False, 4),
            ("0.7.1-incubating", True, 4), ("0.9.0-SNAPSHOT", True, 4)]):
        server = livy(p, version)
        server.sessions = {7: {"id": 7, "state": "idle"}}
        found, written = p.good(*flags(p, server.url, "--json", output="%d.conf" % n)).json()
        same([found[k] for k in ("type", "trouble", "version", "names", "connect", "sessions")],
             ["server", None, version, names, names, 1], "what was found of %s" % version)
        same(len(found["kinds"]), kinds, "the kinds of %s" % version)
        same((written["type"], written["file"], written["mode"], written["kinds"]),
             ("written", p.path(HOME, "%d.conf" % n), "0644", ["pyspark", "sql"]), "what was written")
        must(names or not any("POST" in a for a in server.asked), "an old server is asked nothing odd")
        line = p.good(*flags(p, server.url, "--porcelain", output="p%d.conf" % n)).out.rstrip("\n").split("\t")
        same(line, [server.url, "-", version or "-", ",".join(found["kinds"]), "yes" if names else "no",
                    "yes" if names else "no", "1", p.path(HOME, "p%d.conf" % n)], "a line for scripts")
    lines = p.good(*flags(p, livy(p, None).url)).out
    says(lines, "SQL files run in sessions of pyspark", "an old Livy that does not tell its version", "may end as 'unknown'")


def case_init_odd(tools):
    """A gateway before it that lets less through than its version promises."""
    p = place(tools)
    yield p
    server = livy(p, "0.8.0", connect=False)
    says(p.good(*flags(p, server.url)).out, "names    yes", "connect  its version has it, but its answer is odd",
         "POST /sessions/NAME/connect: HTTP 404: Sign in to the network")
    server = livy(p, "0.8.0", names=False)
    found = p.good(*flags(p, server.url, "--json", "--force")).json()[0]
    same((found["names"], found["connect"]), (None, None), "in JSON")


def case_init_trouble(tools):
    """One line with the next step, and nothing is written; --no-check writes all the same."""
    p = place(tools)
    yield p
    for how, code, word, words in (
            ("page", 1, "not-livy", "does not answer as Livy does (GET /sessions: HTTP 200: Sign in to the network)"),
            ("other", 1, "not-livy", "its path, such as https://HOST/livy"),
            ("flood", 1, "not-livy", "larger than its limit"),
            ("redirect", 1, "redirect", "sends us to another address"),
            ("error", 1, "server-error", "has trouble of its own (GET /version: HTTP 503"),
            ("silence", 1, "no-answer", "0 bytes received); --patience gives it more; or --no-check")):
        server = livy(p, how)
        # Only silence is worth no patience: a busy machine takes its time for the others.
        patience = ("--patience", "300ms" if how == "silence" else "60s")
        done = p.fails(code, *flags(p, server.url), *patience, says=words)
        says(done.err, "--no-check writes the file without asking the server")
        same(done.out, "", "standard output")
        found, error = p.cli(*flags(p, server.url, "--json"), *patience).json()
        same((found["trouble"], found["version"], found["names"]), (word, None, None), "the JSON of " + how)
        same((error["type"], error["exit"]), ("error", code), "the failure of " + how)
        must(len(server.asked) <= 4, "asked too often: %r" % server.asked)
    p.fails(1, *flags(p, "http://127.0.0.1:1"), says="no connection")
    same(os.listdir(p.path(HOME)), [], "what was written")
    done = p.good(*flags(p, "http://127.0.0.1:1", "--no-check"))
    must("is Livy" not in done.out, "what was not asked is not told")
    stands_check(p)


def case_init_login(tools):
    p = place(tools)
    yield p
    server = livy(p, login=("etl", "hush-hush"))
    p.write("pw", "hush-hush\n")
    os.chmod(p.path("pw"), 0o600)
    p.write("wrong", "sesame\n")
    os.chmod(p.path("wrong"), 0o600)
    done = p.fails(123, *flags(p, server.url), says="wants a login (HTTP 401")
    says(done.err, "--user and --password-file")
    login = ("--user", "etl", "--password-file")
    done = p.fails(123, *flags(p, server.url, *login, p.path("wrong")), says="refuses the login of etl (HTTP 401")
    same([w for w in ("sesame", "c2VzYW1l", "ZXRsOnNlc2FtZQ==") if w in done.err], [], "what is shown of the password")
    must("***" in done.err, "that something was hidden: " + done.err)
    p.fails(121, *flags(p, server.url, *login, p.path("none")), says="none cannot be read: No such file or directory; (umask")
    os.chmod(p.path("wrong"), 0o644)
    p.fails(121, *flags(p, server.url, *login, p.path("wrong")), says="chmod 0600")
    p.fails(120, *flags(p, server.url, "--user", "etl"), says="belong together")
    p.fails(120, *flags(p, server.url, "--user", "a:b", "--password-file", p.path("pw")), says="with a ':'")
    p.fails(121, *flags(p, "http://x.example", *login, p.path("pw")), says="unencrypted to another machine")
    same(os.listdir(p.path(HOME)), [], "what was written")
    done = p.good(*flags(p, server.url, *login, p.path("pw")))
    same(stat.S_IMODE(os.stat(p.path(HOME, "new.conf")).st_mode), mode_with_login(), "the mode")
    text = p.read(HOME, "new.conf")
    must("hush" not in text and "hush" not in done.out, "the password is nowhere")
    says(text, 'user = "etl"', 'password_file = "%s"' % p.path("pw"))
    stands_check(p)


def mode_with_login():
    names = [g.gr_name for g in grp.getgrall()]
    return 0o640 if os.getuid() == 0 and "sparkspool" in names else 0o600


def case_init_credential(tools):
    """A credential of systemd's is for the service alone: nothing is tried with half a login."""
    p = place(tools)
    yield p
    server = livy(p, login=("etl", "hush-hush"))
    done = p.good(*flags(p, server.url, "--user", "etl", "--password-file", "cred:livy"))
    must(done.is_one_line() and "only the daemon can try it" in done.err, done.err)
    says(p.read(HOME, "new.conf"), 'password_file = "cred:livy"')
    stands_check(p)


def case_init_place(tools):
    """Where it goes: never over what is there, whole or not at all, or to standard output."""
    p = place(tools)
    yield p
    server = livy(p)
    p.write("home/new.conf", "mine\n")
    p.fails(1, *flags(p, server.url), says="new.conf is there already; --force replaces it")
    same((p.read(HOME, "new.conf"), server.asked), ("mine\n", []), "it is left alone, before all else")
    p.good(*flags(p, server.url, "--force"))
    stands_check(p)
    p.fails(1, *flags(p, server.url, "--force", output=p.path("s")), says="is no regular file")
    p.fails(125, *flags(p, server.url, output="/nowhere/x.conf"), says="cannot be written: No such file")
    done = p.good(*flags(p, server.url, output="-"))
    says(done.err, "is Livy 0.7.1")
    same(done.out, p.read(HOME, "new.conf").replace(" -f " + p.path(HOME, "new.conf"), ""), "standard output")
    kinds = [o["type"] for o in p.good(*flags(p, server.url, "--json", output="-")).json()]
    same(kinds, ["server", "configuration"], "in JSON")
    p.fails(120, *flags(p, server.url, "--porcelain", output="-"), says="cannot be had at once")
    same(p.good(*flags(p, server.url, "-q", output="quiet.conf")).out, "", "quiet")
    odd = 'a "b" \\c\u00e4'
    os.mkdir(p.path(odd))
    p.good("init", "--url", server.url, "-o", "odd.conf", "--spool", p.path(odd), "--state-dir", p.path("st"))
    says(stands_check(p, "odd.conf"), "spool default")
    p.good("init", "--url", server.url, "-o", "here.conf", "--spool", "in", "--kind", "scala",
           "--state-dir", "st")
    says(stands_check(p, "here.conf"), 'path = "%s"' % p.path(HOME, "in"), "warm.spark = 1")


def case_init_denied(tools):
    p = place(tools)
    before = user(65534)
    yield p
    server = livy(p)
    p.fails(123, *flags(p, server.url), before=before, says="Permission denied")
    os.chmod(p.path(HOME), 0o777)
    env = {k: v for k, v in p.environment({"HOME": p.path(HOME)}).items() if not k.startswith("XDG")}
    done = subprocess.run(list(before) + [p.tools.cli, "init", "--url", server.url], cwd=p.path(HOME), env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    same(done.returncode, 0, "as somebody else: %s" % done.stdout.decode())
    seen = stands_check(p, "sparkspool.conf")
    says(seen, p.path(HOME, ".local/state/sparkspool"), p.path(HOME, "sparkspool/default"),
         p.path(HOME, "sparkspool/run"))
    env.update(XDG_STATE_HOME="/x/state", XDG_RUNTIME_DIR="/x/run")
    done = subprocess.run(list(before) + [p.tools.cli, "init", "--url", server.url, "-o", "-"], env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    says(done.stdout.decode(), 'state_dir = "/x/state/sparkspool"', 'run_dir = "/x/run/sparkspool"')


def case_init_next(tools):
    """The commands that are left are ones for a shell, whatever the names are, and they do it."""
    p = place(tools)
    yield p
    server = livy(p)
    top = p.path("it's a \"new\" place")
    done = p.good("init", "--url", server.url, "-o", "new.conf", "--spool", top + "/$s", "--kind", "sql",
                  "--state-dir", top + "/a b/state", "--run-dir", top + "/c/d")
    commands = [line[2:] for line in done.lines() if line.startswith("  ") and "mkdir" in line]
    same(len(commands), 3, "directories to make: %r" % commands)
    subprocess.run(["sh", "-e", "-c", "\n".join(commands)], check=True)
    for name, mode in (("$s", None), ("a b/state", 0o700), ("c/d", None)):
        st = os.stat(os.path.join(top, name))
        must(mode is None or stat.S_IMODE(st.st_mode) == mode, "the mode of " + name)
    says(done.out, "echo 'select count(*) from range(10)' | sparkspool -f %s run -k sql -" % p.path(HOME, "new.conf"))
    again = p.good("init", "--url", server.url, "-o", "new.conf", "--spool", top + "/$s", "--kind", "sql",
                   "--state-dir", top + "/a b/state", "--run-dir", top + "/c/d", "--force", "--json").json()[1]
    same(len(again["next"]), 2, "what is left when they are there: %r" % again["next"])


def case_init_service(tools):
    """Where nobody says otherwise root writes the service's file: which the service has to read."""
    p = place(tools)
    yield p
    if os.getuid() != 0 or shutil.which("unshare") is None:
        raise Skipped("it takes root and unshare")
    folder = subprocess.run([tools.cli, "check"], stderr=subprocess.PIPE).stderr.decode()
    folder = folder.split(" ")[1].partition("/sparkspool.conf")[0]
    server = livy(p)
    p.write("pw", "hush")
    os.chmod(p.path("pw"), 0o600)
    script = """set -e; umask 077; mount -t tmpfs none "$1"; shift; "$@"; cat "$0/sparkspool.conf" >/dev/null
        stat -c %a "$0/sparkspool.conf" """

    def service(*more):
        return subprocess.run(["unshare", "-m", "sh", "-c", script, folder, folder, tools.cli, "init", "--url",
                               server.url] + list(more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL)

    done = service()
    if b"mount" in done.stderr or b"unshare" in done.stderr:
        raise Skipped("no mount can be made here: %s" % done.stderr.decode())
    same((done.returncode, done.stderr), (0, b""), "the service's file")
    out = done.stdout.decode()
    says(out, folder + "/sparkspool.conf is written; next:",
         "  install -d -o sparkspool -g sparkspool /var/spool/sparkspool/default",
         "  systemctl enable --now sparkspool", " | runuser -u sparkspool -- sparkspool run -k pyspark -")
    same(out.splitlines()[-1], "644", "its mode, whatever root's umask is")
    out = service("--user", "etl", "--password-file", p.path("pw"), "--spool", "/srv/none").stdout.decode()
    says(out, "  systemctl edit sparkspool  # [Service] ReadWritePaths=-/srv/none", "  chown sparkspool " + p.path("pw"))
    same(out.splitlines()[-1], "%o" % mode_with_login(), "its mode with a login")
    says(service("--user", "etl", "--password-file", "cred:livy").stdout.decode(),
         "  systemctl edit sparkspool  # [Service] LoadCredential=livy:FILE")


def case_init_tls(tools):
    """A certificate that nobody vouches for, and one that --ca-file does."""
    p = place(tools)
    yield p
    if shutil.which("openssl") is None:
        raise Skipped("there is no openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", p.path("key"), "-out", p.path("cert"), "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    server = livy(p, tls=(p.path("cert"), p.path("key")))
    done = p.fails(1, *flags(p, server.url), says="the server's certificate is not trusted")
    says(done.err, "; --ca-file names it; or --no-check")
    p.good(*flags(p, server.url, "--ca-file", p.path("cert")))
    says(stands_check(p), 'ca_file = "%s"' % p.path("cert"))
    p.fails(1, *flags(p, server.url.replace("https", "http"), output="x"), says="GET /version: 127.0.0.1")


def case_init_usage(tools):
    p = place(tools)
    yield p
    p.fails(120, "init", says="no terminal to ask on; name the server with --url, or take all defaults with --yes")
    p.fails(120, "init", "x", "--yes", "-o", "x", says="init takes no 'x'")
    p.fails(121, *flags(p, "ftp://x"), says="this is not a url")
    p.fails(121, *flags(p, "http://u:p@x"), says="set user and password_file")
    p.fails(120, *flags(p, "http://x", "--kind", "perl"), says="name some of python, sql, scala and r")
    p.fails(121, *flags(p, "http://x", "--ca-file", "/nowhere"), says="ca_file")
    p.fails(1, "init", "--yes", says="is there already")  # the file that -f names


def case_init_asks(tools):
    """On a terminal, with the defaults: a line that is empty takes what stands in brackets."""
    p = place(tools)
    yield p
    server = livy(p)
    t = ask(p, "init", "-o", "new.conf", "--state-dir", p.path("st"), "--run-dir", p.path("ru"))
    t.until("At most five questions")
    reply(t, "Where does Livy answer? [http://127.0.0.1:8998] ", server.url)
    reply(t, "Which directory is to be watched? [", p.path("s"))
    reply(t, "Which files run there, of python, sql, scala and r? [pyspark,sql] ", "")
    same(t.rest(), 0, "the code: %r" % t.text)
    same(t.text.count("? ["), 3, "the number of questions")
    says(t.text, "is Livy 0.7.1-incubating")
    stands_check(p)


def ask(p, *args, **env):
    return Terminal(p, *args, **env)


def reply(t, question, answer):
    t.until(question)
    t.text = t.text.replace(question, "(answered)? [", 1)
    os.write(t.master, answer.encode() + b"\n")


def case_init_asks_into_a_pipe(tools):
    """Questions stand on standard error: the file can go through a pipe while somebody answers."""
    p = place(tools)
    yield p
    server = livy(p)
    t = ask(p, "init", "-o", "-", "--state-dir", p.path("st"), "--run-dir", p.path("ru"), stdout=subprocess.PIPE,
            HOME=p.path(HOME))
    reply(t, "Where does Livy answer? [", server.url)
    reply(t, "Which directory is to be watched? [", "~/in")
    reply(t, "Which files run there", "python, r")
    text = t.process.stdout.read().decode()
    same(t.rest(), 0, "the code: %r" % t.text)
    must("// sparkspool.conf" not in t.text and text.startswith("// sparkspool.conf"), "where the file went")
    p.write("home/new.conf", text)
    says(stands_check(p), 'path = "%s/in"' % p.path(HOME), "warm.sparkr = 0")


def case_init_asks_again(tools):
    """What is wrong is asked again, a few times; flags are not asked for; the end of input ends it."""
    p = place(tools)
    yield p
    server = livy(p)
    t = ask(p, *flags(p, server.url, "--force")[:1], "-o", "a.conf", "--spool", p.path("s"),
            "--state-dir", p.path("st"))
    reply(t, "Where does Livy answer? [", "ftp://x")
    t.until("this is not a url")
    reply(t, "Where does Livy answer? [", server.url)
    reply(t, "Which files run there", "perl")
    t.until("name some of")
    reply(t, "Which files run there", "R")
    same(t.rest(), 0, "the code: %r" % t.text)
    says(stands_check(p, "a.conf"), "warm.sparkr = 1")
    t = ask(p, "init", "-o", "b.conf")
    for _ in range(3):
        reply(t, "Where does Livy answer? [", "nonsense")
    same(t.rest(), 1, "the code")
    says(t.text, "a question has no answer; nothing was written")
    t = ask(p, "init", "-o", "b.conf")
    t.until("Where does Livy answer? [")
    os.write(t.master, b"\x04")
    same(t.rest(), 1, "the code at the end of input")
    t = ask(p, *flags(p, server.url, "--kind", "sql", output="c.conf"))
    same((t.rest(), t.text.count("? [")), (0, 0), "with all flags nothing is asked: %r" % t.text)
    t = ask(p, "init", "-o", "c.conf")
    same((t.rest(), t.text.count("? [")), (1, 0), "a file that is there is said before any question")
    t = ask(p, "init", "--yes", "--no-check", "-o", "d.conf", "--state-dir", p.path("st"))
    same((t.rest(), t.text.count("? [")), (0, 0), "--yes asks nothing: %r" % t.text)
    must(not os.path.exists(p.path(HOME, "b.conf")), "nothing was written")


def case_init_asks_login(tools):
    """A server that wants one is why it is asked for: five questions, no more, whatever happens."""
    p = place(tools)
    yield p
    server = livy(p, login=("etl", "hush-hush"))
    p.write("pw", "hush-hush")
    os.chmod(p.path("pw"), 0o600)
    base = ("--state-dir", p.path("st"), "--run-dir", p.path("ru"))
    t = ask(p, "init", "-o", "a.conf", *base)
    reply(t, "Where does Livy answer? [", server.url)
    t.until("wants a login (HTTP 401")
    reply(t, "Which login does it want? [", "etl")
    reply(t, "Which file holds its password, and nothing else? [", p.path("none"))
    t.until("none cannot be read")
    reply(t, "Which file holds its password, and nothing else? [", p.path("pw"))
    t.until("is Livy 0.7.1")
    reply(t, "Which directory is to be watched? [", p.path("s"))
    reply(t, "Which files run there", "python")
    same(t.rest(), 0, "the code: %r" % t.text)
    stands_check(p, "a.conf")
    p.write("pw", "sesame")
    t = ask(p, "init", "-o", "b.conf", *base)
    reply(t, "Where does Livy answer? [", server.url)
    reply(t, "Which login does it want? [", "etl")
    reply(t, "Which file holds its password, and nothing else? [", p.path("pw"))
    t.until("refuses the login of etl")
    reply(t, "Write a configuration for it all the same? [no] ", "yes")
    reply(t, "Which directory is to be watched? [", p.path("s"))
    same(t.rest(), 0, "the code: %r" % t.text)
    says(stands_check(p, "b.conf"), "warm.sql = 0")


def case_init_asks_anyway(tools):
    """A server that cannot be reached need not cost the answers."""
    p = place(tools)
    yield p
    for answer, code in (("", 1), ("n", 1), ("yes", 0)):
        t = ask(p, *flags(p, "http://127.0.0.1:1", "--kind", "sql"))
        t.until("no connection")
        reply(t, "Write a configuration for it all the same? [no] ", answer)
        same(t.rest(), code, "the code after %r" % answer)
        same(os.path.exists(p.path(HOME, "new.conf")), code == 0, "the file after %r" % answer)
    stands_check(p)


def case_init_try(tools):
    """One session, one statement, and nothing is left: however it ends."""
    p = place(tools)
    yield p
    server = livy(p)
    out = p.good(*flags(p, server.url, "--try")).out
    says(out, "tried    a session of kind pyspark was idle after", "1+1 gave 2; it is deleted again")
    same((server.made, server.sessions), (1, {}), "the server's sessions")
    create, code = [b for b in server.bodies if b][:2]
    must(create["kind"] == "pyspark" and create["name"].startswith("sparkspool-init-"), "what was made: %r" % create)
    same(code, {"code": "1+1"}, "what was run")
    deleted = [a for a in server.asked if a.startswith("DELETE")]
    same(deleted, ["DELETE /sessions/" + create["name"]], "it is deleted by its name, once")
    old = livy(p, "0.5.0")
    found = p.good(*flags(p, old.url, "--try", "--json", "--force", "--kind", "scala")).json()[0]
    same((found["tried"], found["output"], found["names"]), ("spark", "2", False), "an old one")
    same(("name" in old.bodies[0], old.sessions), (False, {}), "what it was sent, what it has left")
    for what, how, words in (
            ("dead", dict(states=("starting", "dead")), "the session did not start, it is dead: b failed"),
            ("error", dict(output=None), "1+1 failed")):
        bad = livy(p, **how)
        done = p.fails(1, *flags(p, bad.url, "--try", "-q", "--force"), says=words)
        same(bad.sessions, {}, "what a try leaves that is " + what)
        says(done.err, "the server's own log has more")
    listing = livy(p, "0.4.0", one=False)
    same(p.good(*flags(p, listing.url, "--try", "--json", "--force")).json()[0]["output"], "2", "by the list")
    lost = livy(p, loses=True)
    p.fails(1, *flags(p, lost.url, "--try", "-q", "--force"), says="no session can be opened: ")
    same((lost.made, lost.sessions), (1, {}), "one whose creation had no answer is deleted by its name")
    lost = livy(p, "0.5.0", loses=True)
    done = p.cli(*flags(p, lost.url, "--try", "-q", "--force"))
    same((done.code, done.err.count("may still have the session")), (1, 1), "where there are no names: " + done.err)
    stuck = livy(p, delete=500)
    done = p.good(*flags(p, stuck.url, "--try", "--force"))
    must(done.is_one_line() and "may still have the session" in done.err, done.err)


def case_init_try_interrupted(tools):
    """Ctrl-C in the middle: the session is deleted, then it ends by the signal; nothing is written."""
    p = place(tools)
    yield p
    server = livy(p, states=("starting",))
    run = p.begin(*flags(p, server.url, "--try"))
    until(lambda: any(a.startswith("GET /sessions/0") for a in server.asked), "that it waits for the session")
    run.send_signal(signal.SIGINT)
    done = p.end(run)
    same((done.code, server.sessions), (-signal.SIGINT, {}), "its end, and the server's sessions: %s" % done.err)
    same(os.listdir(p.path(HOME)), [], "what was written")
