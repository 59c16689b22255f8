"""jvm: what a run has in the driver's JVM: a gateway, a session view, marks on all that it starts.

A view is a session with its own SharedState: a copy of the warm one, field by field, with a cache,
global temporary views and streams of its own, so that nothing that a run caches is seen by another.
The copy skips the constructor: that one registers listeners and pages that would never go away.
Its SparkContext is such a copy too: all that works in it is the warm one's, but what a program sets
in a context (Hadoop's configuration, where checkpoints go) is the run's own.

A gateway's accepting thread is started from a thread that bears the run's properties and session.
The JVM lets threads inherit both, so whatever the run's connections start bears them too.
"""

import os
import re
import time

from py4j.java_gateway import GatewayParameters, JavaGateway, JavaObject
from py4j.protocol import Py4JJavaError

MARK = "sparkspool.run"
GROUP = "spark.jobGroup.id"
DESCRIPTION = "spark.job.description"
POOL = "spark.scheduler.pool"
SCOPE = "spark.rdd.scope"
_STATIC = 8  # java.lang.reflect.Modifier.STATIC


def name_of(seq):
    """What a run's jobs, threads and RDDs are known by."""
    return "sparkspool-%d" % seq


# ---- holding references --------------------------------------------------------------------------


class JavaError(Exception):
    """What the JVM threw, in words: the object itself has been let go."""


class Hold(object):
    """Java objects that were asked for: `release` lets the gateway forget them.

    Python's garbage collector would do that too, at any moment and on any connection; but a
    connection is a thread of the JVM here, and which one is what matters."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.jvm = gateway.jvm
        self._ids = []

    def __call__(self, value):
        if isinstance(value, JavaObject):
            self._ids.append(value._target_id)
        return value

    def keep(self, value):
        """Its id, which release() will leave alone."""
        self._ids = [i for i in self._ids if i != value._target_id]
        return value._target_id

    def release(self):
        for target_id in self._ids:
            self.gateway.detach(JavaObject(target_id, self.gateway._gateway_client))
        self._ids = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, frames):
        if not isinstance(value, Py4JJavaError):
            self.release()
            return
        text = self(value.java_exception).toString()
        self.release()
        raise JavaError(text)


class Loose(object):
    """The same where references may go whenever Python drops them."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.jvm = gateway.jvm

    def __call__(self, value):
        return value


def connect(port, token, address=None, collected=False):
    """`collected`: what Python drops is let go at once, on whichever connection is free."""
    named = {"port": int(port), "auto_convert": True, "enable_memory_management": collected}
    if token:
        named["auth_token"] = token
    if address:
        named["address"] = address
    return JavaGateway(gateway_parameters=GatewayParameters(**named))


def new_token():
    return "".join("%02x" % byte for byte in os.urandom(32))


# ---- reflection ----------------------------------------------------------------------------------


def find_field(h, java_object, name):
    """The field of that name, in the object's class or one above it, open for reading and writing."""
    cls = h(java_object.getClass())
    while cls is not None:
        try:
            field = h(cls.getDeclaredField(name))
            field.setAccessible(True)
            return field
        except Py4JJavaError as e:
            h(e.java_exception)
        cls = h(cls.getSuperclass())
    raise LookupError("no field %s" % name)


def _unsafe(h):
    field = h(h(h.jvm.java.lang.Class.forName("sun.misc.Unsafe")).getDeclaredField("theUnsafe"))
    field.setAccessible(True)
    return h(field.get(None))


def _fields_of(h, cls):
    """{name: Field} of all that an object of that class holds."""
    fields = {}
    while cls is not None and cls.getName() != "java.lang.Object":
        for field in h(cls.getDeclaredFields()):
            h(field)
            if not field.getModifiers() & _STATIC:
                field.setAccessible(True)
                fields[field.getName()] = field
        cls = h(cls.getSuperclass())
    return fields


def _copying(h, fields):
    """One MethodHandle (target, source) that copies these fields: what goes through py4j comes
    back changed (an AtomicInteger is a number there), and each takes a while."""
    invoke = h.jvm.java.lang.invoke
    kinds = h(h.gateway.new_array(h.jvm.java.lang.Class, 2))
    kinds[0] = kinds[1] = h(h.jvm.java.lang.Class.forName("java.lang.Object"))
    kind = h(invoke.MethodType.methodType(h(h.jvm.java.lang.Void).TYPE, kinds))
    lookup = h(invoke.MethodHandles.publicLookup())
    every = None
    for field in fields:
        one = h(invoke.MethodHandles.collectArguments(h(lookup.unreflectSetter(field)), 1, h(lookup.unreflectGetter(field))))
        one = h(one.asType(kind))
        every = one if every is None else h(invoke.MethodHandles.foldArguments(every, one))
    return every


class Copier(object):
    """Makes objects like one that is there, field by field, but for the fields that shall differ."""

    def __init__(self, h, source):  # nothing that it asks for is to be released
        self.source = source
        self.cls = h(source.getClass())
        self.unsafe = _unsafe(h)
        self.fields = _fields_of(h, self.cls)
        self.copying = _copying(h, self.fields.values())

    def copy(self, h, own):
        copy = h(self.unsafe.allocateInstance(self.cls))
        both = h(h.jvm.java.util.ArrayList())
        both.add(copy)
        both.add(self.source)
        self.copying.invokeWithArguments(both)
        for name, value in own.items():
            if name in self.fields:  # other versions of Spark have other ones
                self.fields[name].set(copy, value)
        return copy


# ---- views ---------------------------------------------------------------------------------------


def has_own_catalog(h, shared):
    """Whether the catalog lives in memory only: then it is the run's own, as it is for a program."""
    try:
        catalog = h(shared.externalCatalog())
        catalog = h(catalog.unwrapped())
        return h(catalog.getClass()).getName().endswith(".InMemoryCatalog")
    except Py4JJavaError as e:
        h(e.java_exception)
        return False


def new_catalog(h, shared, warehouse):
    catalogs = h.jvm.org.apache.spark.sql.catalyst.catalog
    conf = h(h(shared.conf()).clone())
    h(conf.set("spark.sql.warehouse.dir", warehouse))
    catalog = h(catalogs.InMemoryCatalog(conf, h(shared.hadoopConf())))
    nothing = h(h.jvm.org.apache.spark.api.python.PythonUtils.toScalaMap(h(h.jvm.java.util.HashMap())))
    place = h(h.jvm.java.net.URI(warehouse))
    database = h(catalogs.CatalogDatabase("default", "default database", place, nothing))
    catalog = h(catalogs.ExternalCatalogWithListener(catalog))
    catalog.createDatabase(database, True)
    h(place_of(h, warehouse)).delete()  # only if it is empty: the run begins in an empty directory
    return conf, catalog


def place_of(h, uri):
    """The java.io.File of a warehouse."""
    return h.jvm.java.io.File(uri[len("file:"):] if uri.startswith("file:") else uri)


def own_warehouse(h, shared, directory):
    """A run's warehouse is where its program's would be: below the directory it runs in. Unless
    the session was given one."""
    default = h(h(h.jvm.java.io.File("spark-warehouse")).toURI()).toString().rstrip("/")
    given = h(shared.conf()).get("spark.sql.warehouse.dir", default).rstrip("/")
    if given.replace("file:///", "file:/") != default:
        return given
    return "file:" + os.path.join(directory, "spark-warehouse")


class Views(object):
    """Makes sessions like the base one, in which nothing is cached or set and no stream runs."""

    def __init__(self, gateway, base):
        h = Hold(gateway)  # never released: the fields are asked for once
        self.base, self.sc = base, h(base.sparkContext())
        self.shared = h(base.sharedState())
        h(self.shared.globalTempViewManager())  # lazy: it must be there to be copied
        self.own_catalog = has_own_catalog(h, self.shared)
        self.states = Copier(h, self.shared)
        self.contexts, self.warnings = None, []
        self._try_contexts(h)

    def _try_contexts(self, h):
        """Where Spark's context is not as we know it, runs share it."""
        try:
            self.contexts = Copier(h, self.sc)
            with Hold(h.gateway) as trial:
                missing = set(own_settings(trial, self.sc)) - set(self.contexts.fields)
                if missing:
                    raise LookupError("no field %s" % ", ".join(sorted(missing)))
                session, shared = self.make(trial, None)
                if trial(session.sparkContext()).equals(self.sc):
                    raise LookupError("a SharedState has no context of its own")
        except Exception as e:
            self.contexts = None
            self.warnings.append("Hadoop's configuration and the checkpoint directory are shared by all files: %s" %
                                 str(e)[:500])

    def make(self, h, directory):
        """(session, its SharedState)"""
        own = own_parts(h, self.shared, directory if self.own_catalog else None)
        if self.contexts:
            own["sparkContext"] = self.contexts.copy(h, own_settings(h, self.sc))
        shared = self.states.copy(h, own)
        return new_view(h, self.base, shared), shared


def own_settings(h, sc):
    """What of a SparkContext must be a run's own, by the names of its fields."""
    return {
        "_conf": h(h(sc.conf()).clone()),
        "_hadoopConfiguration": h(h.jvm.org.apache.hadoop.conf.Configuration(h(sc.hadoopConfiguration()))),
        "checkpointDir": h(sc.getCheckpointDir()),
    }


def base_of(h, sc):
    """The warm context that it is a copy of; where runs share that one, itself."""
    return h(h(sc.dagScheduler()).sc())


def own_parts(h, shared, directory):
    """What of a SharedState must be a run's own, by the names of its fields."""
    sql = h.jvm.org.apache.spark.sql
    database = h(shared.conf()).get("spark.sql.globalTempDatabase", "global_temp")
    own = {
        "cacheManager": h(sql.execution.CacheManager()),
        "globalTempViewManager": h(sql.catalyst.catalog.GlobalTempViewManager(database)),
        "activeStreamingQueries": h(h.jvm.java.util.concurrent.ConcurrentHashMap()),
        "activeQueriesLock": h(h.jvm.java.lang.Object()),
    }
    if directory:
        own["conf"], own["externalCatalog"] = new_catalog(h, shared, own_warehouse(h, shared, directory))
    return own


def new_view(h, base, shared):
    """A session on that SharedState."""
    session = h(base.newSession())
    context = h(shared.sparkContext())
    find_field(h, session, "existingSharedState").set(session, h(h.jvm.scala.Option.apply(shared)))
    find_field(h, session, "sparkContext").set(session, context)
    if not (h(session.sharedState()).equals(shared) and h(session.sparkContext()).equals(context)):
        raise LookupError("the session view did not take its state")
    return session


def renew(h, view, directory):
    """What a program finds after it has stopped Spark and starts it again: nothing of before."""
    shared = h(view.sharedState())
    own = own_parts(h, shared, directory if has_own_catalog(h, shared) else None)
    for name, value in own.items():
        find_field(h, shared, name).set(shared, value)
    context = h(view.sparkContext())
    base = base_of(h, context)
    if not base.equals(context):
        for name, value in own_settings(h, base).items():
            find_field(h, context, name).set(context, value)
    return h(view.newSession())


# ---- a run's gateway -----------------------------------------------------------------------------


def properties_of(seq, slot):
    name = name_of(seq)
    return {
        MARK: name,
        GROUP: name,
        # A bounded number of names: Spark keeps a pool for each one that it ever saw.
        POOL: "sparkspool-slot-%d" % slot,
        # The outermost scope of every RDD that the run makes: so its persisted ones can be found.
        SCOPE: '{"id":"%s","name":"%s"}' % (name, name),
    }


def start_server(h, builder, name):
    """(server, port, group) of a gateway whose threads are all in a thread group of that name."""
    server = h(builder.build())
    accepting = server
    if not h(server.getClass()).getName().endswith(".GatewayServer"):
        accepting = h(server.getJavaServer())
    socket = h(h(h.jvm.java.lang.Class.forName("py4j.GatewayServer")).getDeclaredMethod(
        "startSocket", h(h.gateway.new_array(h.jvm.java.lang.Class, 0))))
    socket.setAccessible(True)
    socket.invoke(accepting, h(h.gateway.new_array(h.jvm.java.lang.Object, 0)))
    group = h(h.jvm.java.lang.ThreadGroup(name))
    thread = h(h.jvm.java.lang.Thread(group, accepting, name))
    thread.setDaemon(True)
    thread.start()
    return server, accepting.getListeningPort(), group


def server_builder(h, pinned, token, entry_point):
    """Pinned: each thread of Python has a thread of the JVM, as in pyspark since 3.2."""
    py4j = h.jvm.py4j
    kind = py4j.ClientServer.ClientServerBuilder if pinned else py4j.GatewayServer.GatewayServerBuilder
    builder = h(h(h(kind(entry_point)).javaPort(0)).authToken(token))
    return h(builder.autoStartJavaServer(False)) if pinned else builder


def statics_of(h, java_object):
    """The class of an object, for its static methods. (Spark 4 has moved SparkSession.)"""
    found = h.jvm
    for part in h(java_object.getClass()).getName().split("."):
        found = getattr(found, part)
    return found


def bear(sc, statics, session, properties):
    """This connection's thread, and what it starts from now on, has these properties and session."""
    for name, value in properties.items():
        sc.setLocalProperty(name, value)
    if session is None:
        statics.clearActiveSession()
    else:
        statics.setActiveSession(session)


# ---- what a run left -----------------------------------------------------------------------------


def active_jobs(h, sc):
    """[(job id, properties or None)]. The scheduler's own set is read while it may change: such a
    reading is repeated."""
    jobs = h(h(sc.dagScheduler()).activeJobs())
    for attempt in range(5):
        try:
            jobs_now = h(h.jvm.java.util.ArrayList(h(h.jvm.scala.collection.JavaConverters.mutableSetAsJavaSet(jobs))))
            return [(h(job).jobId(), h(job.properties())) for job in jobs_now]
        except Py4JJavaError as e:
            h(e.java_exception)
    return []


def own_jobs(h, sc, name):
    return [number for number, properties in active_jobs(h, sc)
            if properties is not None and properties.getProperty(MARK) == name]


def cancel_jobs(h, sc, name, why):
    """Those that it cancelled."""
    jobs = own_jobs(h, sc, name)
    for number in jobs:
        sc.cancelJob(number, why)
    return jobs


def stop_streams(h, shared):
    """Structured streams of all sessions on that SharedState."""
    failed = None
    for query in h(h.jvm.java.util.ArrayList(h(h(shared.activeStreamingQueries()).values()))):
        try:
            h(query).stop()
        except Py4JJavaError as e:
            failed = e
    if failed:
        raise failed


def _dstream_of(h, name):
    """The StreamingContext that runs in this JVM (there is one at most), if this run started it."""
    active = h(h.jvm.org.apache.spark.streaming.StreamingContext.getActive())
    if not active.isDefined():
        return None
    context = h(active.get())
    properties = h(h(context.savedProperties()).get())
    return context if properties is not None and properties.getProperty(MARK) == name else None


def has_dstream(h, name):
    return _dstream_of(h, name) is not None


def stop_dstream(h, name):
    context = _dstream_of(h, name)
    if context is not None:
        context.stop(False, False)


def drop_rdds(h, jsc, name):
    mark = '"id":"%s"' % name
    dropped = 0
    persistent = h(jsc.getPersistentRDDs())
    for number in [key for key in h(persistent.keySet())]:
        rdd = h(persistent.get(number))
        scope = h(h(rdd.rdd()).scope()) if rdd is not None else None
        if scope is not None and scope.isDefined() and mark in h(scope.get()).toJson():
            h(rdd.unpersist(False))
            dropped += 1
    return dropped


def drop_listeners(h, sc, sessions):
    """A session's manager of streams listens to everything that happens, for ever; there is one from
    the moment it is first asked for."""
    for session in h(h.jvm.java.util.ArrayList(sessions)):
        state = h(find_field(h, session, "sessionState").get(session))
        manager = state and h(find_field(h, state, "streamingQueryManager").get(state))
        if manager:
            bus = h(find_field(h, manager, "listenerBus").get(manager))
            h(sc.listenerBus()).removeListener(bus)


def drop_cache(h, shared):
    cache = h(shared.cacheManager())
    if not cache.isEmpty():
        cache.clearCache()


_OWN_THREADS = re.compile(r"Thread-\d+$|stream execution thread")


def threads_left(h, group):
    """The run's own threads that still live: connections and streams. A pool of Spark's that came
    to be in one of them has its threads in the same group, but they serve everyone."""
    # What has no room in it is left out without a word.
    threads = h(h.gateway.new_array(h.jvm.java.lang.Thread, 64 + 2 * group.activeCount()))
    found = []
    for i in range(group.enumerate(threads)):
        thread = h(threads[i])
        if _OWN_THREADS.match(thread.getName()):
            found.append(thread)
    return found


def forget_path(h, path):
    """Spark deletes its temporary directories when the JVM ends, and remembers each until then."""
    h.jvm.org.apache.spark.util.ShutdownHookManager.removeShutdownDeleteDir(h(h.jvm.java.io.File(path)))


def until(condition, limit_s, pause_s):
    """Whether it became true within that time."""
    end = time.time() + limit_s
    while not condition():
        if time.time() >= end:
            return False
        time.sleep(pause_s)
    return True
