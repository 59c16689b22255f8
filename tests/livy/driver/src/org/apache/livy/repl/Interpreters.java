package org.apache.livy.repl;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStageInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The interpreters of a session and the Spark that they share.
 *
 * Livy always starts the Scala one first, and Spark after it. Here the session's own language is
 * started beside Spark, and any other one when code for it comes: two processors are used, and a
 * session of Python or SQL does not wait for a Scala compiler that it may never need.
 */
final class Interpreters {
  private static final Logger LOG = LoggerFactory.getLogger(Interpreters.class);

  private final SparkConf conf;
  private final RSCConf livyConf;
  private final Kind sessionKind;
  private final SparkEntries entries;
  private final CompletableFuture<SparkEntries> sparkIsUp = new CompletableFuture<>();
  private final Map<Kind, Interpreter> started = new EnumMap<>(Kind.class);
  private Future<ScalaInterpreter> earlyScala;
  private Future<PythonInterpreter> earlyPython;

  Interpreters(SparkConf conf, RSCConf livyConf, Kind sessionKind) {
    this.conf = conf;
    this.livyConf = livyConf;
    this.sessionKind = sessionKind;
    entries = new SparkEntries(conf);
  }

  SparkEntries start() throws Exception {
    // Spark hands this directory's classes to its executors: it must know it from its start.
    String classes = ScalaInterpreter.makeClassDirectory(conf);
    try {
      if (sessionKind == Kind.SPARK || sessionKind == Kind.SHARED)
        earlyScala = inBackground("scala-start", () -> new ScalaInterpreter(classes));
      if (sessionKind == Kind.PYSPARK)
        earlyPython = inBackground("python-start", () -> new PythonInterpreter(conf, sparkIsUp));
      entries.sc();
      entries.sparkSession();
      if (earlyScala != null) get(Kind.SPARK);
      sparkIsUp.complete(entries);
      return entries;
    } catch (Throwable t) {
      sparkIsUp.completeExceptionally(t);
      throw t;
    }
  }

  private static <T> Future<T> inBackground(String name, Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  /** @return null if it cannot be started; the next call tries again */
  synchronized Interpreter get(Kind kind) {
    Interpreter interpreter = started.get(kind);
    if (interpreter != null) return interpreter;
    try {
      interpreter = make(kind);
      started.put(kind, interpreter);
      return interpreter;
    } catch (Exception e) {
      LOG.warn("cannot start the interpreter for {}", kind, e);
      return null;
    }
  }

  private Interpreter make(Kind kind) throws Exception {
    switch (kind) {
      case SPARK: {
        ScalaInterpreter scala = earlyScala != null ? earlyScala.get()
            : new ScalaInterpreter(conf.get(ScalaInterpreter.CLASS_DIRECTORY));
        scala.bind(entries);
        return scala;
      }
      case PYSPARK: {
        Future<PythonInterpreter> early = earlyPython;
        earlyPython = null;
        return early != null ? early.get() : new PythonInterpreter(conf, sparkIsUp);
      }
      case SQL: return new SqlInterpreter(entries, livyConf.getInt(RSCConf.Entry.SQL_NUM_ROWS));
      default: throw new UnsupportedOperationException("no interpreter for " + kind);
    }
  }

  synchronized void close() {
    started.values().forEach(Interpreter::close);
  }

  // ---- jobs -------------------------------------------------------------------------------------

  private SparkContext spark() { return entries.sc().sc(); }

  void cancelJobs(String group) { spark().cancelJobGroup(group); }

  /** @return finished tasks by all tasks of the group's jobs, 0 where there are none */
  double progressOf(String group) {
    int tasks = 0;
    int finished = 0;
    for (int job : spark().statusTracker().getJobIdsForGroup(group)) {
      SparkJobInfo info = entries.sc().statusTracker().getJobInfo(job);
      if (info == null) continue;
      for (int id : info.stageIds()) {
        SparkStageInfo stage = entries.sc().statusTracker().getStageInfo(id);
        if (stage == null) continue;
        tasks += stage.numTasks();
        finished += stage.numCompletedTasks();
      }
    }
    return tasks == 0 ? 0.0 : (double) finished / tasks;
  }
}
