"""views: pyspark in a run: the warm Spark wherever a program makes, finds or stops its own.

pyspark's own code does the work; only the places where it would reach past the run are other
than pyspark's: the JVM's default session, the context's end, jobs of others, names of files.
"""

import os
import shutil
import sys
import threading

import jvm
import shipping

PYSPARK_KEYS = ("spark.serializer.objectStreamReset", "spark.rdd.compress")  # pyspark sets these itself


class Warm(object):
    """What this process has of the warm Spark."""

    def __init__(self, birth):
        self.seq = birth.seq
        self.name = jvm.name_of(birth.seq)
        self.directory = birth.directory
        self.lock = threading.RLock()
        self.taken = False     # the file has asked for a context; what was made ahead is its
        self.sc = self.spark = self.view = self.view_conf = self.jsc = None
        self.sessions = None   # a list in the JVM, so that what they leave there can be found
        self.warn = lambda text: None
        self.warned = set()
        self.given = {}        # settings that the file has given its context
        self.shipped = shipping.Shipped(self)

    @property
    def hold(self):
        from pyspark import SparkContext
        return jvm.Loose(SparkContext._gateway)

    def scala_context(self):
        return self.jsc.sc()

    # ---- the file's begin ------------------------------------------------------------------------

    def begin(self, spec, warn):
        self.warn = warn
        self.label = spec["label"] or spec["name"]
        self.scala_context().setLocalProperty(jvm.DESCRIPTION, self.label)
        self.app_name(spec["name"])
        if spec["modules"]:
            self.shipped.add_modules(spec["modules"])

    def app_name(self, name):
        self.sc.appName = name
        self.set_in_view("spark.app.name", name)

    def set_in_view(self, key, value):
        self.view_conf.setConfString(key, value)

    def take_view(self, view):
        """What a session finds out when it is first used takes a while: now, and not in the file's time."""
        self.view = view
        self.view_conf = view.sessionState().conf()

    # ---- settings --------------------------------------------------------------------------------

    def note(self, options):
        """Settings of a program. Those of SQL apply to the view; of the rest only the name is left."""
        for key, value in options.items():
            value = str(value)
            if key == "spark.app.name":
                self.app_name(value)
            elif key.startswith("spark.hadoop."):
                self._note_hadoop(key[len("spark.hadoop."):], value)
                self.set_in_view(key, value)
            elif key.startswith("spark.executorEnv."):
                self.set_in_view(key, value)  # pyspark itself sees to it, for its workers
            elif key not in ("spark.remote", "spark.submit.pyFiles"):
                self._note_one(key, value)

    def _note_hadoop(self, key, value):
        if jvm.base_of(self.hold, self.scala_context()).equals(self.scala_context()):
            self.set_in_view(key, value)  # the context is everyone's
        else:
            self.jsc.hadoopConfiguration().set(key, value)

    def _note_one(self, key, value):
        runtime = self.view.conf()
        if runtime.isModifiable(key):
            self.set_in_view(key, value)
            return
        effective = self.effective(key)
        if effective == value or key in self.warned:
            return
        if self._is_known(key):
            self.warned.add(key)
            self.warn("setting %s = %s has no effect: the session already runs with %s" %
                      (key, value[:200], "its default" if effective is None else effective[:200]))
        else:
            self.set_in_view(key, value)  # a name of the program's own: it can be read again

    def effective(self, key):
        conf = self.scala_context().conf()
        return conf.get(key) if conf.contains(key) else None

    def _is_known(self, key):
        """Whether Spark itself would heed the setting at its start."""
        from py4j.protocol import Py4JError
        jvm_view = self.hold.jvm
        try:
            config = jvm_view.org.apache.spark.internal.config.ConfigEntry.findEntry(key)
            if config is not None:
                return True
        except Py4JError:
            pass
        return key.startswith(("spark.executor", "spark.driver.", "spark.yarn.", "spark.dynamicAllocation.",
                               "spark.jars", "spark.kubernetes.", "spark.memory.", "spark.ui.", "spark.master",
                               "spark.default.parallelism", "spark.sql.extensions", "spark.sql.catalog",
                               "spark.plugins", "spark.kryo"))

    # ---- jobs ------------------------------------------------------------------------------------

    def group(self, name):
        """How a group or tag of the file is known to Spark."""
        return "%s/%s" % (self.name, name)

    def plain(self, group):
        """And back; what is the runner's own was not set by the file."""
        if group is None or group == self.name:
            return None
        own = self.name + "/"
        return group[len(own):] if group.startswith(own) else group

    def cancel_jobs(self, why="part of cancelled job group"):
        return jvm.cancel_jobs(self.hold, self.scala_context(), self.name, why)

    def own_jobs(self):
        return jvm.own_jobs(self.hold, self.scala_context(), self.name)

    # ---- stop ------------------------------------------------------------------------------------

    def leave(self):
        """The file has stopped Spark: its own use of it ends here, and a new view begins."""
        h = self.hold
        shared = self.view.sharedState()
        jvm.stop_streams(h, shared)
        jvm.stop_dstream(h, self.name)
        self.cancel_jobs("SparkContext was shut down")
        jvm.drop_cache(h, shared)
        jvm.drop_rdds(h, self.jsc, self.name)
        self.take_view(jvm.renew(h, self.view, os.path.join(self.directory, "work")))
        self.taken = True


class _Stopped(object):
    """Stands where the Java context was while pyspark stops it."""

    def __init__(self, warm):
        self.warm = warm

    def stop(self):
        self.warm.leave()


# ---- attaching -----------------------------------------------------------------------------------


def attach(birth):
    os.environ["PYSPARK_GATEWAY_PORT"] = str(birth.gateway["port"])
    os.environ["PYSPARK_GATEWAY_SECRET"] = birth.gateway["token"]
    os.environ["PYSPARK_PIN_THREAD"] = "true" if birth.gateway["pinned"] else "false"
    os.chdir(os.path.join(birth.directory, "work"))
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession
    SparkContext._ensure_initialized()
    gateway, java = SparkContext._gateway, SparkContext._jvm
    warm = Warm(birth)
    warm.take_view(java.SparkSession.getActiveSession().get())
    warm.sessions = gateway.entry_point
    warm.jsc = java.JavaSparkContext.fromSparkContext(warm.view.sparkContext())
    patch(warm)
    warm.sc = SparkContext(jsc=warm.jsc, gateway=gateway, conf=SparkConf(_jvm=java, _jconf=warm.jsc.getConf()))
    warm.spark = SparkSession(warm.sc, warm.view)
    warm.taken = False
    return warm


def patch(warm):
    patch_context(warm)
    patch_session(warm)
    patch_jobs(warm)
    patch_streaming(warm)
    warm.shipped.patch()


def patch_context(warm):
    from pyspark import SparkConf, SparkContext
    ensure, do_init, stop = SparkContext._ensure_initialized, SparkContext._do_init, SparkContext.stop
    get_or_create = SparkContext.getOrCreate

    def _ensure_initialized(cls, instance=None, gateway=None, conf=None):
        # What was made ahead makes room for what the file makes itself.
        if instance is not None and not warm.taken and cls._active_spark_context is warm.sc:
            step_aside(warm)
        ensure(instance=instance, gateway=gateway, conf=conf)
        if instance is not None:
            warm.taken = True

    def given(conf, java):
        # A new SparkConf has what the JVM was started with: the rest is the file's.
        of_jvm = dict(SparkConf(_jvm=java).getAll())
        warm.given = {key: value for key, value in conf.getAll()
                      if of_jvm.get(key) != value and key not in PYSPARK_KEYS}
        warm.note(warm.given)

    def _initialize_context(self, jconf):
        given(SparkConf(_jconf=jconf), self._jvm)
        return warm.jsc

    def _do_init(self, *args, **named):
        do_init(self, *args, **named)
        # The session's settings; the file's own words come on top.
        self._conf = SparkConf(_jvm=self._jvm, _jconf=warm.scala_context().conf().clone())
        for key, value in warm.given.items():
            self._conf.set(key, value)
        self._conf.set("spark.app.name", self.appName)
        warm.shipped.begin(self)
        if warm.sc is not None:
            warm.sc = self
            warm.app_name(self.appName)

    def _stop(self):
        if getattr(self, "_jsc", None) is not None:
            self._jsc = _Stopped(warm)
        stop(self)

    def getOrCreate(cls, conf=None):
        with cls._lock:
            if conf is not None and not warm.taken and cls._active_spark_context is warm.sc:
                given(conf, warm.sc._jvm)
                for key, value in warm.given.items():
                    warm.sc._conf.set(key, value)
            warm.taken = True
        return get_or_create(conf)

    def _set_temp_dir(self, path):
        jvm.forget_path(warm.hold, path)
        shutil.rmtree(path, ignore_errors=True)
        self.__dict__["_temp_dir"] = os.path.join(warm.directory, "spark")

    SparkContext._ensure_initialized = classmethod(_ensure_initialized)
    SparkContext._initialize_context = _initialize_context
    SparkContext._do_init = _do_init
    SparkContext.stop = _stop
    SparkContext.getOrCreate = classmethod(getOrCreate)
    SparkContext._temp_dir = property(lambda self: self.__dict__["_temp_dir"], _set_temp_dir)


def step_aside(warm):
    from pyspark import SparkContext
    from pyspark.sql import SparkSession
    old = warm.sc
    SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = None
    if getattr(SparkSession, "_activeSession", None) is not None:
        SparkSession._activeSession = None
    if getattr(old, "_accumulatorServer", None) is not None:
        old._accumulatorServer.shutdown()
        old._accumulatorServer = None


class _Alive(object):
    """A session that seems to be there, so that pyspark does not make the next one the JVM's default."""

    class _sc(object):
        _jsc = True


def patch_session(warm):
    from pyspark.sql import SparkSession
    init = SparkSession.__init__
    builder_get = SparkSession.Builder.getOrCreate

    def __init__(self, sparkContext, jsparkSession=None, *args, **named):
        with warm.lock:
            first = SparkSession._instantiatedSession
            if first is None or first._sc._jsc is None:
                first = None
                SparkSession._instantiatedSession = _Alive
            try:
                init(self, sparkContext, warm.view if jsparkSession is None else jsparkSession, *args, **named)
            finally:
                if first is None:
                    SparkSession._instantiatedSession = None
            if first is None:
                SparkSession._instantiatedSession = self
                SparkSession._activeSession = self
                self._jvm.SparkSession.setActiveSession(self._jsparkSession)
            warm.sessions.addIfAbsent(self._jsparkSession)

    def getOrCreate(self):
        session = builder_get(self)
        with warm.lock:
            warm.taken = True
            if session._jsparkSession.equals(warm.view):
                warm.note(self._options)
                for key, value in self._options.items():
                    session._sc._conf.set(key, str(value))
        return session

    def stop(self):
        self._sc.stop()
        self._jvm.SparkSession.clearActiveSession()
        SparkSession._instantiatedSession = None
        SparkSession._activeSession = None
        context = sys.modules["pyspark.sql.context"].SQLContext
        if hasattr(context, "_instantiatedContext"):
            context._instantiatedContext = None

    SparkSession.__init__ = __init__
    SparkSession.Builder.getOrCreate = getOrCreate
    SparkSession.stop = stop


def patch_jobs(warm):
    from pyspark import SparkContext
    from pyspark.status import StatusTracker
    set_property, get_property = SparkContext.setLocalProperty, SparkContext.getLocalProperty

    def setJobGroup(self, groupId, description, interruptOnCancel=False):
        self._jsc.setJobGroup(warm.group(groupId), description, interruptOnCancel)

    def cancelJobGroup(self, groupId):
        self._jsc.sc().cancelJobGroup(warm.group(groupId))

    def cancelAllJobs(self):
        self._jsc.sc  # as pyspark: an error once the context has been stopped
        warm.cancel_jobs()

    def setLocalProperty(self, key, value):
        if key == jvm.GROUP:
            value = warm.name if value is None else warm.group(value)
        set_property(self, key, value)

    def getLocalProperty(self, key):
        value = get_property(self, key)
        if key == jvm.GROUP:
            return warm.plain(value)
        hidden = {jvm.DESCRIPTION: getattr(warm, "label", None), jvm.MARK: warm.name}
        if value is not None and (hidden.get(key) == value or key in (jvm.POOL, jvm.SCOPE) and "sparkspool-" in value):
            return None
        return value

    def getJobIdsForGroup(self, jobGroup=None):
        return list(self._jtracker.getJobIdsForGroup(warm.name if jobGroup is None else warm.group(jobGroup)))

    def getActiveJobsIds(self):
        return sorted(warm.own_jobs())

    SparkContext.setJobGroup = setJobGroup
    SparkContext.cancelJobGroup = cancelJobGroup
    SparkContext.cancelAllJobs = cancelAllJobs
    SparkContext.setLocalProperty = setLocalProperty
    SparkContext.getLocalProperty = getLocalProperty
    StatusTracker.getJobIdsForGroup = getJobIdsForGroup
    StatusTracker.getActiveJobsIds = getActiveJobsIds
    if hasattr(SparkContext, "addJobTag"):
        patch_tags(warm, SparkContext)


def patch_tags(warm, SparkContext):
    add, remove, cancel = SparkContext.addJobTag, SparkContext.removeJobTag, SparkContext.cancelJobsWithTag
    get = SparkContext.getJobTags

    def checked(tag):
        if not isinstance(tag, str) or not tag or "," in tag:
            return tag  # Spark has its own words for it
        return warm.group(tag)

    SparkContext.addJobTag = lambda self, tag: add(self, checked(tag))
    SparkContext.removeJobTag = lambda self, tag: remove(self, checked(tag))
    SparkContext.cancelJobsWithTag = lambda self, tag: cancel(self, checked(tag))
    SparkContext.getJobTags = lambda self: {warm.plain(tag) for tag in get(self)}


def patch_streaming(warm):
    """A StreamingContext that is stopped with its context must not take the JVM's with it."""
    from pyspark.streaming import StreamingContext

    def stop(self, stopSparkContext=True, stopGraceFully=False):
        self._jssc.stop(False, stopGraceFully)
        StreamingContext._activeContext = None
        if stopSparkContext:
            self._sc.stop()

    StreamingContext.stop = stop
