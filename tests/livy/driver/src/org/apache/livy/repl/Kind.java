package org.apache.livy.repl;

/** The kinds of code, under the names that a request may give them. */
enum Kind {
  SPARK, PYSPARK, SPARKR, SQL, SHARED;

  static Kind of(String name) {
    switch (name) {
      case "spark": case "scala": return SPARK;
      case "pyspark": case "python": return PYSPARK;
      case "sparkr": case "r": return SPARKR;
      case "sql": return SQL;
      case "shared": return SHARED;
      default: throw new IllegalArgumentException("Invalid kind: " + name);
    }
  }
}
