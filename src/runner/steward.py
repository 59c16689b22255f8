"""steward: the process that makes and unmakes what runs have in the JVM.

It is forked from the zygote before anything else and shares nothing with runs. Gateways are made
on one connection by one thread, since what is inherited is that connection's. Unmaking may take
long (a stream that does not stop), so it has threads of its own.
"""

import gc
import os
import shutil
import sys
import threading

import jvm
import log
import shipping
import wire

QUIET_S = 1.5      # how long a run's threads may take to end, by themselves and then interrupted
LINGER_S = 600.0   # how long what does not end is watched


def first_line(error):
    if hasattr(error, "java_exception"):
        error = error.java_exception.toString()
    return (str(error).splitlines() or [""])[0][:300]


class Closing(object):
    """What a run has in the JVM, on its way out. The steps are taken in the order in which they stand."""

    def __init__(self, steward, seq, view):
        self.h = jvm.Loose(steward.side)
        self.seq = seq
        self.name = jvm.name_of(seq)
        client = steward.side._gateway_client
        self.shared, self.server, self.group, self.sessions = (
            jvm.JavaObject(view[part], client) for part in ("shared", "server", "group", "sessions"))
        self.jsc = steward.side.entry_point.get(0)
        self.sc = self.jsc.sc()
        self.files = steward.files
        self.is_quiet = False

    def shut(self):
        """No more words from Python: what its threads are at, they finish."""
        self.server.shutdown()

    def stop_streams(self):
        """A stream's stop waits for the stream, so its jobs are cancelled meanwhile."""
        if not self.shared.activeStreamingQueries().isEmpty() or jvm.has_dstream(self.h, self.name):
            stopper = threading.Thread(target=self._stop_them)
            stopper.start()
            stopper.join(QUIET_S)

    def _stop_them(self):
        for stop in (lambda: jvm.stop_streams(self.h, self.shared), lambda: jvm.stop_dstream(self.h, self.name)):
            try:
                stop()
            except Exception as e:
                log.say("stopping the streams of %s: %s" % (self.name, first_line(e)))

    def _look(self):
        self.is_quiet = not (jvm.threads_left(self.h, self.group)
                             + jvm.cancel_jobs(self.h, self.sc, self.name, "the file has ended"))
        return self.is_quiet

    def quiet(self, limit_s=None, pause_s=0.01):
        """Jobs are cancelled until no thread is left that could start one; a thread that does not
        end by that is interrupted."""
        if not jvm.until(self._look, limit_s or QUIET_S, pause_s) and not limit_s:
            for thread in jvm.threads_left(self.h, self.group):
                thread.interrupt()
            jvm.until(self._look, QUIET_S, pause_s)

    def drop(self):
        jvm.drop_cache(self.h, self.shared)
        jvm.drop_rdds(self.h, self.jsc, self.name)
        jvm.drop_listeners(self.h, self.sc, self.sessions)
        shutil.rmtree(os.path.join(self.files, shipping.task_directory(self.name)), ignore_errors=True)


class Steward(object):
    def __init__(self, channel, livy):
        self.channel = channel
        self.lock = threading.Lock()
        self.views = {}  # seq: what open() has told
        self.pinned = livy["pinned"]
        self.own = livy.get("own") or self._make_own(livy)
        self._connect()

    # ---- connections -----------------------------------------------------------------------------

    def _make_own(self, livy):
        """A gateway of our own, made through Livy's, so that nothing of ours stays in that one. It
        knows its things by itself: another steward can take it over."""
        first = jvm.connect(livy["port"], livy["token"], livy["address"])
        h = jvm.Hold(first)
        things = h(h.jvm.java.util.ArrayList())
        things.add(jvm.JavaObject(livy["jsc"], first._gateway_client))
        things.add(jvm.JavaObject(livy["session"], first._gateway_client))
        token = jvm.new_token()
        # The pinned kind, as the other one has a thread that keeps the JVM from ending.
        builder = jvm.server_builder(h, True, token, things)
        server, port, group = jvm.start_server(h, builder, "sparkspool")
        h.release()
        first.close()
        return {"port": port, "token": token}

    def _connect(self):
        self.hand = jvm.connect(**self.own)
        self.side = jvm.connect(collected=True, **self.own)
        entry = self.hand.entry_point
        self.jsc, self.base = entry.get(0), entry.get(1)
        self.sc = self.jsc.sc()
        self.files = self.hand.jvm.org.apache.spark.SparkFiles.getRootDirectory()
        self.maker = jvm.Views(self.hand, self.base)
        # What a session needs the first time takes seconds, and no run should be the first.
        with jvm.Hold(self.hand) as h:
            self.statics = jvm.statics_of(h, self.base)
            h(h(self.base.newSession()).sessionState())

    # ---- making ----------------------------------------------------------------------------------

    def open(self, seq, slot, directory):
        with jvm.Hold(self.hand) as h:
            session, shared = self.maker.make(h, directory)
            token = jvm.new_token()
            properties = jvm.properties_of(seq, slot)
            try:
                jvm.bear(self.sc, self.statics, session, properties)
                sessions = h(h.jvm.java.util.concurrent.CopyOnWriteArrayList())
                server, port, group = jvm.start_server(
                    h, jvm.server_builder(h, self.pinned, token, sessions), jvm.name_of(seq))
            finally:
                jvm.bear(self.sc, self.statics, None, {name: None for name in properties})
            parts = {"shared": shared, "server": server, "group": group, "sessions": sessions}
            self.views[seq] = {part: h.keep(parts[part]) for part in parts}
        return {"open": seq, "port": port, "token": token, "view": self.views[seq]}

    # ---- unmaking --------------------------------------------------------------------------------

    def close(self, seq, view):
        """Ends all that the run has in the JVM; returns what is worth a word."""
        run = Closing(self, seq, view)
        warnings = []
        for step in (run.shut, run.stop_streams, run.quiet, run.drop):
            try:
                step()
            except Exception as e:
                warnings.append("cleaning up in Spark: %s" % first_line(e))
        if run.is_quiet:
            self.views.pop(seq, None)
        else:
            warnings.append("a thread of this file in Spark's driver does not end: it is watched")
            threading.Thread(target=self._linger, args=(run,)).start()
        return {"closed": seq, "warnings": warnings}

    def _linger(self, run):
        """A thread of the JVM that does not end by now (one that plans a query hears nothing) may
        start a job yet: it is waited for, and its jobs are cancelled."""
        try:
            run.quiet(LINGER_S, 0.2)
            run.drop()
        except Exception as e:
            log.say("cleaning up after %s: %s" % (run.name, first_line(e)))
        self.views.pop(run.seq, None)

    # ---- progress --------------------------------------------------------------------------------

    def progress(self, seqs):
        """Finished tasks of all tasks, over the jobs that run now."""
        done = {}
        h = jvm.Loose(self.side)
        sc = self.side.entry_point.get(0).sc()
        store = sc.statusStore()
        for number, properties in jvm.active_jobs(h, sc):
            name = properties.getProperty(jvm.MARK) if properties is not None else None
            for seq in seqs:
                if name == jvm.name_of(seq):
                    job = store.job(number)
                    finished, tasks = done.get(seq, (0, 0))
                    done[seq] = (finished + job.numCompletedTasks() + job.numSkippedTasks(), tasks + job.numTasks())
        return {"progress": {str(seq): finished / float(tasks) for seq, (finished, tasks) in done.items() if tasks}}

    # ---- the loop --------------------------------------------------------------------------------

    def reply(self, make):
        """What `make` returns goes to the zygote, or why it could not."""
        def run():
            try:
                answer = make[0](*make[1:])
            except Exception as e:
                log.say_error()
                answer = {"failed": make[0].__name__, "args": list(make[1:2]), "why": str(e)[:2000]}
            with self.lock:
                self.channel.send(answer)
            # What the JVM keeps for us goes when Python lets it go, and cycles wait for a collector that
            # takes its time behind all that the zygote has loaded (and frozen: this looks at little).
            gc.collect()
        return run

    def take(self, message):
        if message["op"] == "open":
            self.reply((self.open, message["seq"], message["slot"], message["dir"]))()
        elif message["op"] == "close":
            make = (self.close, message["seq"], message["view"])
            threading.Thread(target=self.reply(make)).start()
        elif message["op"] == "progress":
            threading.Thread(target=self.reply((self.progress, message["seqs"]))).start()

    def serve(self):
        while not self.channel.closed:
            self.channel.wait(1.0)
            with self.lock:
                messages = self.channel.receive()
            for message in messages:
                self.take(message)
        # The zygote has gone, and its runs with it.
        for seq, view in list(self.views.items()):
            threading.Thread(target=self.close, args=(seq, view)).start()


def main(fd, livy):
    channel = wire.Wire(fd)
    try:
        steward = Steward(channel, livy)
        channel.send({"steward": os.getpid(), "own": steward.own, "spark": steward.jsc.version(),
                      "warnings": steward.maker.warnings})
    except Exception as e:
        log.say_error()
        channel.send({"failed": "connect", "args": [], "why": str(e)[:2000]})
        sys.exit(1)
    steward.serve()
