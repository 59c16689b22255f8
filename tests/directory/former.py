"""What an earlier life has left under names that the configuration does not have any more: a restart
leaves of it what a reload would."""
import os
import signal

from cases import ask
from place import Place, code, must


def text_of(p):
    with open(p.conf) as f:
        return f.read()


def edit(p, *changes):
    text = text_of(p)
    for old, new in changes:
        must(old in text, "%s is in the configuration" % old)
        text = text.replace(old, new)
    with open(p.conf, "w") as f:
        f.write(text)


def refused(p, *changes, back=None):
    """Nothing starts with these; and all is well with what was before, or with another text."""
    was = back or text_of(p)
    edit(p, *changes)
    code_, said = p.another(p.conf)
    must(code_ == 75 and "could not be told apart" in said, "code %d: %s" % (code_, said))
    with open(p.conf, "w") as f:
        f.write(was)
    p.begin()
    p.until_idle()


def running(p, text):
    """a.py has ended, b.py runs until its gate is opened, c.py waits behind it."""
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.drop("b.py", text)
    p.until(lambda: p.livy.times("w-b"), "b.py to start")
    p.drop("c.py", code("w-c"))
    p.until_logged('event=queued spool=s file="c.py"')


def all_renamed(tools, spool=""):
    """Endpoint and pool have other names, and the spool's is the same: what runs there ends there."""
    p = Place(tools, slots=1, sessions=1, spool=spool)
    yield p
    running(p, code("w-b", "b"))
    before = set(p.livy.sessions)
    p.stop()
    edit(p, ("fake:", "renamed:"), ("all:", "some:"), ('"all"', '"some"'))
    p.begin()
    must(p.logged("endpoint=fake event=not-configured") == 1, "a word of the endpoint")
    must(p.logged("pool=all event=not-configured") == 1, "a word of the pool")
    p.until_status("c.py")  # in a session of the new pool
    p.livy.open("b")
    p.until_status("b.py")
    p.once("w-a", "w-b", "w-c")
    p.until(lambda: not before & set(p.livy.sessions), "the former pool's session to be deleted")


def all_renamed_raw(tools):
    """The same of raw code."""
    return all_renamed(tools, 'python = "raw";')


def url_edited(tools):
    """The endpoint's URL is another one, and leads to the same server."""
    p = Place(tools, slots=1, sessions=1)
    yield p
    running(p, code("w-b", "b"))
    p.stop()
    edit(p, ("http://127.0.0.1:", "http://localhost:"))
    p.begin()
    p.until_logged("event=found")
    p.livy.open("b")
    for name in "b.py", "c.py":
        p.until_status(name)
    p.once("w-a", "w-b", "w-c")
    must(p.rows("select count(*) from session where url like 'http://127%'") == [(0,)], "seen there")


def spool_taken_out(tools, restart=True, spool=""):
    """What runs of it ends, and its result waits; what waits waits; and nothing of it runs again when it is
    back. Others do not come into its session meanwhile."""
    p = Place(tools, slots=1, sessions=2, spool=spool)
    yield p
    running(p, code("w-b", "b"))
    p.stop()
    was = text_of(p)
    edit(p, ("spool: { s:", "spool: { t:"), ('"%s"' % p.path("s"), '"%s"' % p.path("t")))
    os.mkdir(p.path("t"))
    p.begin()
    must(p.logged("spool=s event=not-configured") == 1, "a word of the spool")
    p.drop("d.py", code("w-d"), "t")
    p.until(lambda: p.is_there("t", "d.py.json"), "d.py, though b.py runs")
    p.livy.open("b")
    if "raw" in spool:  # of a script the output stays with its runner
        p.until(lambda: p.rows("select state from job where name = cast('b.py' as blob)") == [(5,)],
                "the outcome of b.py to be kept")
    must(not p.has("b.py.json"), "no result where nobody looks")
    with open(p.conf, "w") as f:
        f.write(was)
    if restart:
        p.stop()
        p.begin()
    else:
        p.daemon.send_signal(signal.SIGHUP)
        p.until_logged("event=reloaded")
    for name in "b.py", "c.py":
        p.until_status(name)
    p.until_idle()
    p.once("w-a", "w-b", "w-c", "w-d")


def spool_taken_out_and_back(tools):
    """The same, and a reload brings it back."""
    return spool_taken_out(tools, restart=False)


def spool_taken_out_raw(tools):
    """The same of raw code: one session, and what came later stands behind it."""
    return spool_taken_out(tools, spool='python = "raw";')


def nothing_left_of_it(tools):
    """Nothing of a paused spool is under way or kept when a restart takes it out: back by a reload it is
    paused still, and what came meanwhile is not taken for what an earlier life may have run."""
    p = Place(tools, spool='after = "delete";')
    yield p
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.until_idle()
    ask(p, do="pause", spool="s")
    p.stop()
    must(p.rows("select count(*) from job where live = 1") == [(0,)], "nothing is kept of the spool")
    was = text_of(p)
    edit(p, ("spool: { s:", "spool: { t:"), ('"%s"' % p.path("s"), '"%s"' % p.path("t")))
    os.mkdir(p.path("t"))
    p.begin()
    p.drop("b.py", code("w-b"))
    with open(p.conf, "w") as f:
        f.write(was)
    p.daemon.send_signal(signal.SIGHUP)
    p.until_logged('event=queued spool=s file="b.py"')
    p.until(lambda: p.rows("select state from job where name = cast('b.py' as blob)") == [(1,)],
            "b.py to be written down")
    why = ask(p, do="why", path=p.path("s", "b.py"))[-2]["message"]
    must(why == "the spool s is paused", "b.py waits since %s" % why)
    ask(p, do="resume", spool="s")
    p.until_status("b.py")
    p.once("w-a", "w-b")


def renamed_spool(tools):
    """The spool has another name: what has run there is known still, and what waits runs."""
    p = Place(tools, slots=1, sessions=1)
    yield p
    running(p, code("w-b", "b"))
    p.stop()
    edit(p, ("spool: { s:", "spool: { t:"))
    p.begin()
    must(p.logged("spool=t event=renamed from=s") == 1, "a word of it")
    p.livy.open("b")
    p.until_status("b.py")
    p.until_status("c.py")
    p.until_idle()
    p.once("w-a", "w-b", "w-c")
    must(p.rows("select count(*) from job where spool <> 't'") == [(0,)], "under its new name")


def exchanged_spools(tools):
    """Two spools have exchanged their names; and a reload may not do that."""
    p = Place(tools)
    yield p
    os.mkdir(p.path("t"))
    both = ('spool: { s: { path = "%s"; pool = "all"; ready = "rename"; scan = "1d"; };\n'
            't: { path = "%s"; pool = "all"; ready = "rename"; scan = "1d"; }; };\n')
    with open(p.conf) as f:
        head = f.read().split("spool:")[0]

    def write(s, t):
        with open(p.conf, "w") as f:
            f.write(head + both % (p.path(s), p.path(t)))

    write("s", "t")
    p.begin()
    for spool in "s", "t":
        p.drop(spool + ".py", code("w-" + spool), spool)
        p.until(lambda: p.is_there(spool, spool + ".py.json"), "the result in " + spool)
    write("t", "s")
    p.daemon.send_signal(signal.SIGHUP)
    p.until_logged("event=not-reloaded")
    must(p.logged("known as those of spool") == 2, "why not")
    p.stop()
    p.begin()
    must(p.logged("event=renamed from=") == 2, "a word of each")
    p.drop("new.py", code("w-new"), "s")
    p.until(lambda: p.is_there("s", "new.py.json"), "new.py")
    p.until_idle()
    p.once("w-s", "w-t", "w-new")


def moved_spool(tools):
    """A spool's directory was moved, and another spool has its former path: each knows its own files."""
    p = Place(tools, slots=1, sessions=1)
    yield p
    running(p, code("w-b", "b"))
    p.stop()
    os.rename(p.path("s"), p.path("moved"))
    os.mkdir(p.path("s"))
    edit(p, ('"%s"' % p.path("s"), '"%s"' % p.path("moved")),
         ("spool: { s:", 'spool: { t: { path = "%s"; pool = "all"; ready = "rename"; }; s:' % p.path("s")))
    p.begin()
    must(p.logged("event=renamed") == 0, "no word of another name")
    p.livy.open("b")
    for name in "b.py", "c.py":
        p.until(lambda n=name: p.is_there("moved", n + ".json"), "the result of " + name)
    p.drop("d.py", code("w-d"), "s")
    p.until(lambda: p.is_there("s", "d.py.json"), "d.py")
    p.until_idle()
    p.once("w-a", "w-b", "w-c", "w-d")


def path_taken_over(tools):
    """A spool is given another directory by a reload, and its own to a new spool: the next start leaves each
    its own, and does start."""
    p = Place(tools)
    yield p
    for name in "moved", "other":
        os.mkdir(p.path(name))
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    edit(p, ('"%s"' % p.path("s"), '"%s"' % p.path("moved")))
    p.daemon.send_signal(signal.SIGHUP)
    p.until_logged("event=other-directory")
    edit(p, ("spool: { s:", 'spool: { t: { path = "%s"; pool = "all"; ready = "rename"; }; s:' % p.path("s")))
    p.daemon.send_signal(signal.SIGHUP)
    p.until(lambda: p.logged("event=reloaded") == 2, "the second reload")
    p.until(lambda: p.rows("select count(*) from spool where name = 't'") == [(1,)], "t to be known")
    p.stop()
    p.begin()
    must(p.logged("event=renamed") == 0, "no word of another name")
    p.drop("b.py", code("w-b"), "moved")
    p.until(lambda: p.is_there("moved", "b.py.json"), "b.py")
    p.until_idle()
    p.once("w-a", "w-b")
    p.stop()
    refused(p, ("spool: { t:", "spool: { u:"), ('"%s"' % p.path("moved"), '"%s"' % p.path("other")))
    p.once("w-a", "w-b")


def taken_out_and_renamed(tools):
    """A restart has taken a spool out; a reload may not give its directory to another one either."""
    p = Place(tools)
    yield p
    os.mkdir(p.path("t"))
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.stop()
    edit(p, ("spool: { s:", "spool: { t:"), ('"%s"' % p.path("s"), '"%s"' % p.path("t")))
    p.begin()
    edit(p, ("spool: { t:", "spool: { u:"), ('"%s"' % p.path("t"), '"%s"' % p.path("s")))
    p.daemon.send_signal(signal.SIGHUP)
    p.until_logged("event=not-reloaded")
    must(p.logged("known as those of spool 's'") == 1, "why not")
    p.stop()
    p.begin()
    must(p.logged("spool=u event=renamed from=s") == 1, "a word of it")
    p.drop("b.py", code("w-b"))
    p.until_status("b.py")
    p.until_idle()
    p.once("w-a", "w-b")


def two_in_one(tools):
    """A spool gets the directory of another one, and its own is left: nothing starts."""
    p = Place(tools)
    yield p
    os.mkdir(p.path("t"))
    p.begin()
    p.drop("a.py", code("w-a"))
    p.until_status("a.py")
    p.stop()
    was = text_of(p)
    edit(p, ("spool: { s:", "spool: { t:"), ('"%s"' % p.path("s"), '"%s"' % p.path("t")))
    p.begin()
    p.drop("b.py", code("w-b"), "t")
    p.until(lambda: p.is_there("t", "b.py.json"), "b.py")
    p.stop()
    refused(p, ('"%s"' % p.path("t"), '"%s"' % p.path("s")), back=was)
    p.once("w-a", "w-b")


CASES = [
    renamed_spool, exchanged_spools, moved_spool, path_taken_over, taken_out_and_renamed, two_in_one,
    all_renamed, all_renamed_raw, url_edited, spool_taken_out, spool_taken_out_and_back,
    spool_taken_out_raw, nothing_left_of_it,
]
