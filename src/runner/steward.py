"""steward: the process that makes and unmakes what runs have in the JVM.

It is forked from the zygote before anything else and shares nothing with runs. Gateways are made
on one connection by one thread, since what is inherited is that connection's. Unmaking may take
long (a stream that does not stop), so it has threads of its own.
"""

import os
import shutil
import sys
import threading
import time
import traceback

import jvm
import shipping
import wire

QUIET_S = 1.5      # how long a run's threads may take to end, by themselves and then interrupted
LINGER_S = 600.0   # how long what does not end is watched


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
        builder = h(jvm.server_builder(h, False, token).entryPoint(things))
        server, port, group = jvm.start_server(h, builder, "sparkspool")
        h.release()
        first.close()
        return {"port": port, "token": token}

    def _connect(self):
        self.hand = jvm.connect(**self.own)
        self.side = jvm.connect(**self.own)
        entry = self.hand.entry_point
        self.jsc, self.base = entry.get(0), entry.get(1)
        self.sc = self.jsc.sc()
        self.files = self.hand.jvm.org.apache.spark.SparkFiles.getRootDirectory()
        # What a session needs the first time takes seconds, and no run should be the first.
        with jvm.Hold(self.hand) as h:
            h(h(self.base.newSession()).sessionState())

    def on_side(self, target_id):
        return jvm.JavaObject(target_id, self.side._gateway_client)

    # ---- making ----------------------------------------------------------------------------------

    def open(self, seq, slot, directory):
        with jvm.Hold(self.hand) as h:
            shared = jvm.copy_shared(h, self.base, directory)
            session = jvm.new_view(h, self.base, shared)
            token = jvm.new_token()
            properties = jvm.properties_of(seq, slot)
            try:
                jvm.bear(h, self.sc, session, properties)
                server, port, group = jvm.start_server(
                    h, jvm.server_builder(h, self.pinned, token), jvm.name_of(seq))
            finally:
                jvm.bear(h, self.sc, None, {name: None for name in properties})
            self.views[seq] = {"shared": h.keep(shared), "server": h.keep(server), "group": h.keep(group)}
        return {"open": seq, "port": port, "token": token, "view": self.views[seq]}

    # ---- unmaking --------------------------------------------------------------------------------

    def close(self, seq, view):
        """Ends all that the run has in the JVM; returns what is worth a word."""
        name = jvm.name_of(seq)
        warnings = []
        h = jvm.Hold(self.side)
        shared, server, group = (h(self.on_side(view[part])) for part in ("shared", "server", "group"))
        steps = (
            lambda: server.shutdown(),
            lambda: self._stop_streams(h, name, shared),
            lambda: self._quiet(h, name, group),
            lambda: self._drop(h, name, shared),
        )
        for step in steps:
            try:
                step()
            except Exception as e:
                if hasattr(e, "java_exception"):
                    e = h(e.java_exception).toString()
                warnings.append("cleaning up in Spark: %s" % str(e).splitlines()[0][:200])
        left = self._left(h, name, group)
        if left:
            threading.Thread(target=self._linger, args=(h, seq, name, group, shared)).start()
        else:
            self._forget(h, seq)
        return {"closed": seq, "warnings": warnings + left}

    def _linger(self, h, seq, name, group, shared):
        """A thread of the JVM that does not end by now (one that plans a query hears nothing) may
        start a job yet: it is waited for, and its jobs are cancelled."""
        end = time.time() + LINGER_S
        pause_s = 0.05
        try:
            while time.time() < end and not self._is_quiet(name, group):
                time.sleep(pause_s)
                pause_s = min(2.0, pause_s * 1.5)
            self._drop(h, name, shared)
        except Exception as e:
            print("cleaning up after %s: %s" % (name, e), file=sys.stderr)
        finally:
            self._forget(h, seq)

    def _forget(self, h, seq):
        self.views.pop(seq, None)
        h.release()

    def _sc(self, h):
        return h(h(self.side.entry_point.get(0)).sc())

    def _stop_streams(self, h, name, shared):
        """A stream's stop waits for the stream, so its jobs are cancelled meanwhile."""
        if h(shared.activeStreamingQueries()).isEmpty() and not jvm.has_dstream(h, name):
            return
        stopper = threading.Thread(target=self._stop_them, args=(name, shared))
        stopper.start()
        stopper.join(QUIET_S)

    def _stop_them(self, name, shared):
        for stop in (lambda h: jvm.stop_streams(h, shared), lambda h: jvm.stop_dstream(h, name)):
            try:
                with jvm.Hold(self.side) as h:
                    stop(h)
            except Exception as e:
                print("stopping the streams of %s: %s" % (name, e), file=sys.stderr)

    def _is_quiet(self, name, group):
        with jvm.Hold(self.side) as h:
            cancelled = jvm.cancel_jobs(h, self._sc(h), name, "the file has ended")
            return not cancelled and not jvm.threads_left(h, group)

    def _quiet(self, h, name, group):
        """Jobs are cancelled until no thread is left that could start one; a thread that does not
        end by that is interrupted."""
        if not jvm.until(lambda: self._is_quiet(name, group), QUIET_S):
            for thread in jvm.threads_left(h, group):
                thread.interrupt()
            jvm.until(lambda: self._is_quiet(name, group), QUIET_S)

    def _drop(self, h, name, shared):
        jvm.drop_cache(h, shared)
        jvm.drop_rdds(h, h(self.side.entry_point.get(0)), name)
        shutil.rmtree(os.path.join(self.files, shipping.task_directory(name)), ignore_errors=True)

    def _left(self, h, name, group):
        jobs = len(jvm.own_jobs(h, self._sc(h), name))
        threads = len(jvm.threads_left(h, group))
        return ["still running in Spark: %d jobs, %d threads" % (jobs, threads)] if jobs or threads else []

    # ---- progress --------------------------------------------------------------------------------

    def progress(self, seqs):
        """Finished tasks of all tasks, over the jobs that run now."""
        done = {}
        with jvm.Hold(self.side) as h:
            sc = self._sc(h)
            store = h(sc.statusStore())
            for number, properties in jvm.active_jobs(h, sc):
                name = properties.getProperty(jvm.MARK) if properties is not None else None
                for seq in seqs:
                    if name == jvm.name_of(seq):
                        job = h(store.job(number))
                        finished, tasks = done.get(seq, (0, 0))
                        done[seq] = (finished + job.numCompletedTasks() + job.numSkippedTasks(),
                                     tasks + job.numTasks())
        return {"progress": {str(seq): finished / float(tasks) for seq, (finished, tasks) in done.items() if tasks}}

    # ---- the loop --------------------------------------------------------------------------------

    def reply(self, make):
        """What `make` returns goes to the zygote, or why it could not."""
        def run():
            try:
                answer = make[0](*make[1:])
            except Exception as e:
                traceback.print_exc()
                answer = {"failed": make[0].__name__, "args": list(make[1:2]), "why": str(e)[:2000]}
            with self.lock:
                self.channel.send(answer)
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
        channel.send({"steward": os.getpid(), "own": steward.own, "spark": steward.jsc.version()})
    except Exception as e:
        traceback.print_exc()
        channel.send({"failed": "connect", "args": [], "why": str(e)[:2000]})
        sys.exit(1)
    steward.serve()
