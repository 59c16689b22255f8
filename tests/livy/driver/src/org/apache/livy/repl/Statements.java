package org.apache.livy.repl;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.livy.rsc.driver.Statement;
import org.apache.livy.rsc.driver.StatementState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The statements of a session: run one after the other in order of arrival, kept up to a number,
 * cancelled, asked after. What the session's state is follows from them.
 */
final class Statements {
  private static final Logger LOG = LoggerFactory.getLogger(Statements.class);

  private final Interpreters interpreters;
  private final Consumer<String> onState;
  private final Map<Integer, Statement> kept;
  private final long cancelLimitMs;
  private final long cancelEachMs;
  private final ExecutorService runner = Executors.newSingleThreadExecutor();
  // One for all cancels, as in Livy: the next cancel waits until the former has ended or timed out.
  private final ExecutorService canceller = Executors.newSingleThreadExecutor();
  private int nextId;
  private volatile String state = "starting";

  Statements(RSCConf conf, Interpreters interpreters, Consumer<String> onState) {
    this.interpreters = interpreters;
    this.onState = onState;
    cancelLimitMs = conf.getTimeAsMs(RSCConf.Entry.JOB_CANCEL_TIMEOUT);
    cancelEachMs = conf.getTimeAsMs(RSCConf.Entry.JOB_CANCEL_TRIGGER_INTERVAL);
    kept = keepingNewest(conf.getInt(RSCConf.Entry.RETAINED_STATEMENTS));
  }

  /** The oldest one goes when there are too many, whether it has run or not. */
  private static Map<Integer, Statement> keepingNewest(int max) {
    return new LinkedHashMap<>() {
      @Override protected boolean removeEldestEntry(Map.Entry<Integer, Statement> oldest) {
        return size() > max;
      }
    };
  }

  String state() { return state; }

  private void setState(String now) {
    state = now;
    onState.accept(now);
  }

  /** Brings Spark up, on the thread that will run the statements: Spark keeps settings by thread. */
  SparkEntries start() throws Exception {
    try {
      SparkEntries entries = runner.submit(interpreters::start).get();
      setState("idle");
      return entries;
    } catch (Exception e) {
      setState("error");
      throw e;
    }
  }

  void close() {
    runner.shutdownNow();
    canceller.shutdownNow();
  }

  int add(String code, Kind kind) {
    synchronized (kept) {
      int id = nextId++;
      Statement statement = new Statement(id, code, StatementState.Waiting, null);
      kept.put(id, statement);
      runner.submit(() -> run(statement, kind));
      return id;
    }
  }

  Statement[] all() { return range(0, Integer.MAX_VALUE); }

  /** @return those of the ids first to first + count - 1 that are still kept, in order */
  Statement[] range(int first, int count) {
    List<Statement> found = new ArrayList<>();
    synchronized (kept) {
      for (Statement s : kept.values())
        if (s.id >= first && (long) s.id < (long) first + count) found.add(s);
    }
    for (Statement s : found) s.updateProgress(interpreters.progressOf(groupOf(s.id)));
    return found.toArray(new Statement[0]);
  }

  // ---- running ----------------------------------------------------------------------------------

  private static String groupOf(int id) { return String.valueOf(id); }

  private void run(Statement statement, Kind kind) {
    // Livy sends this as a statement of its own, with all that follows: it takes an answer that a
    // slipped interpreter owes to another, and for a moment the session is idle after it.
    perform(statement.id, () -> {
      Interpreter interpreter = interpreters.get(kind);
      if (interpreter != null) interpreter.setJobGroup(groupOf(statement.id));
      return Outcome.text("");
    });
    statement.compareAndTransit(StatementState.Waiting, StatementState.Running);
    if (statement.state.get() == StatementState.Running) {
      statement.started = System.currentTimeMillis();
      statement.output = perform(statement.id, () -> interpret(kind, statement.code));
    }
    statement.compareAndTransit(StatementState.Running, StatementState.Available);
    statement.compareAndTransit(StatementState.Cancelling, StatementState.Cancelled);
    statement.updateProgress(1.0);
    statement.completed = System.currentTimeMillis();
  }

  private Outcome interpret(Kind kind, String code) throws Exception {
    Interpreter interpreter = interpreters.get(kind);
    if (interpreter == null) return Outcome.error("InterpreterError", "Fail to start interpreter");
    return interpreter.execute(code);
  }

  private interface Action { Outcome run() throws Exception; }

  private String perform(int id, Action action) {
    setState("busy");
    Outcome outcome;
    try {
      outcome = action.run();
    } catch (Throwable t) {
      LOG.error("a statement failed in a way that its interpreter did not foresee", t);
      outcome = Outcome.error("Internal Error: " + t.getClass().getName(), t.getMessage());
    }
    if (outcome.sort == Outcome.Sort.DIED) setState("error");
    else if (isNewest(id)) setState("idle");
    return write(outcome, id);
  }

  private boolean isNewest(int id) {
    synchronized (kept) { return id == nextId - 1; }
  }

  private static String write(Outcome outcome, int id) {
    try {
      return outcome.toJson(id);
    } catch (Exception e) {
      throw new IllegalStateException("cannot write an outcome as JSON", e);
    }
  }

  // ---- cancelling -------------------------------------------------------------------------------

  void cancel(int id) {
    Statement statement;
    synchronized (kept) { statement = kept.get(id); }
    if (statement == null) return;
    if (statement.compareAndTransit(StatementState.Waiting, StatementState.Cancelled))
      statement.completed = System.currentTimeMillis();
    else if (statement.compareAndTransit(StatementState.Running, StatementState.Cancelling))
      canceller.submit(() -> cancelJobs(statement));
  }

  /** Spark jobs can be stopped, code in the driver cannot: that runs on when the time is up. */
  private void cancelJobs(Statement statement) {
    long deadline = System.nanoTime() + cancelLimitMs * 1_000_000;
    while (statement.state.get() == StatementState.Cancelling && System.nanoTime() - deadline < 0) {
      interpreters.cancelJobs(groupOf(statement.id));
      try {
        Thread.sleep(cancelEachMs);
      } catch (InterruptedException e) {
        return;
      }
    }
    if (statement.compareAndTransit(StatementState.Cancelling, StatementState.Cancelled))
      statement.completed = System.currentTimeMillis();
  }
}
