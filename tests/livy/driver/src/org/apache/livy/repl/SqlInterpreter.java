package org.apache.livy.repl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** One SQL statement at a time; its rows, up to a number, as JSON with their schema. */
final class SqlInterpreter implements Interpreter {
  private final SparkEntries entries;
  private final int maxRows;

  SqlInterpreter(SparkEntries entries, int maxRows) {
    this.entries = entries;
    this.maxRows = maxRows;
  }

  @Override public void setJobGroup(String group) {
    entries.sc().sc().setJobGroup(group, "Job group for statement " + group, false);
  }

  @Override public Outcome execute(String code) {
    try {
      Dataset<Row> result = entries.sparkSession().sql(code);
      String schema = result.schema().json();
      return Outcome.raw(Outcome.JSON, "{\"schema\":" + schema + ",\"data\":" + dataOf(result) + "}");
    } catch (Exception e) {
      return Outcome.error("Error", e.getMessage(), framesOf(e));
    }
  }

  private String dataOf(Dataset<Row> result) {
    List<Object[]> rows = new ArrayList<>();
    for (Row row : result.takeAsList(maxRows)) rows.add(cellsOf(row));
    return ScalaJson.write(rows.toArray());
  }

  private static Object[] cellsOf(Row row) {
    Object[] cells = new Object[row.length()];
    for (int i = 0; i < cells.length; i++) cells[i] = ScalaJson.plain(row.get(i));
    return cells;
  }

  private static List<String> framesOf(Exception e) {
    List<String> frames = new ArrayList<>();
    Arrays.stream(e.getStackTrace()).map(String::valueOf).forEach(frames::add);
    return frames;
  }
}
