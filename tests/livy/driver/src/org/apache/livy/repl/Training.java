package org.apache.livy.repl;

import org.apache.livy.rsc.RSCConf;
import org.apache.spark.SparkConf;

/**
 * What a session does, without Livy: `setup` runs it once, so that the JVM can write down the classes
 * that sessions load (class data sharing). It fails where a driver would not work.
 */
public final class Training {
  private Training() {}

  public static void main(String[] args) throws Exception {
    RSCConf livyConf = new RSCConf(null);
    Interpreters interpreters = new Interpreters(new SparkConf(), livyConf, Kind.SHARED);
    interpreters.start();
    expectOk(interpreters.get(Kind.SPARK), "spark.range(5).map(_ + 1).collect().sum");
    expectOk(interpreters.get(Kind.SPARK), "sc.parallelize(1 to 4, 2).map(_ * 2).sum");
    expectOk(interpreters.get(Kind.PYSPARK), "print(sc.parallelize([1, 2]).map(lambda x: x + 1).sum())");
    expectOk(interpreters.get(Kind.PYSPARK), "spark.range(5).selectExpr('sum(id)').show()");
    expectOk(interpreters.get(Kind.SQL), "select id % 2 as a, count(*) as n from range(9) group by 1 order by 1");
    interpreters.close();
    System.exit(0);
  }

  private static void expectOk(Interpreter interpreter, String code) throws Exception {
    Outcome outcome = interpreter.execute(code);
    System.out.println(outcome.toJson(0));
    if (outcome.sort != Outcome.Sort.OK) System.exit(1);
  }
}
