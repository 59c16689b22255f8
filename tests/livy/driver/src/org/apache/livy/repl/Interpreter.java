package org.apache.livy.repl;

/** Runs code of one language. Only the thread that runs the statements uses it. */
interface Interpreter {
  Outcome execute(String code) throws Exception;

  /** Marks the Spark jobs of what is executed next, so that a cancel finds them. */
  void setJobGroup(String group) throws Exception;

  default String[] complete(String code, int cursor) { return new String[0]; }

  default void close() {}
}
