package org.apache.livy.repl;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.json4s.JsonAST.JArray;
import org.json4s.JsonAST.JBool;
import org.json4s.JsonAST.JDecimal;
import org.json4s.JsonAST.JDouble;
import org.json4s.JsonAST.JInt;
import org.json4s.JsonAST.JLong;
import org.json4s.JsonAST.JObject;
import org.json4s.JsonAST.JString;
import org.json4s.JsonAST.JValue;
import scala.collection.JavaConverters;

/** Rows of JSON as the table of {@code %table}: each column has one type in all rows. */
final class ScalaTable {
  /** A column or a list within a cell mixes types. */
  private static final class MixedTypes extends RuntimeException {}

  private final Map<String, String> typeOfColumn = new TreeMap<>();

  private ScalaTable() {}

  static Outcome of(JValue value) {
    try {
      return Outcome.raw(Outcome.TABLE, new ScalaTable().write(value));
    } catch (MixedTypes e) {
      return Outcome.error("TypeError", "table rows have different types");
    }
  }

  private String write(JValue value) {
    List<JValue> rows = value instanceof JArray ? items((JArray) value) : List.of(value);
    String data = rows.stream().map(this::writeRow).collect(Collectors.joining(","));
    String headers = typeOfColumn.entrySet().stream()
        .map(e -> "{\"type\":" + quoted(e.getValue()) + ",\"name\":" + quoted(e.getKey()) + "}")
        .collect(Collectors.joining(","));
    return "{\"headers\":[" + headers + "],\"data\":[" + data + "]}";
  }

  private String writeRow(JValue row) {
    Map<String, JValue> cells = cellsOf(row);
    cells.forEach((column, cell) -> {
      String type = typeOf(cell);
      if (!type.equals(typeOfColumn.computeIfAbsent(column, c -> type))) throw new MixedTypes();
    });
    return cells.values().stream().map(ScalaJson::write).collect(Collectors.joining(",", "[", "]"));
  }

  private static Map<String, JValue> cellsOf(JValue row) {
    if (row instanceof JObject) return fields((JObject) row);
    Map<String, JValue> cells = new java.util.LinkedHashMap<>();
    List<JValue> values = row instanceof JArray ? items((JArray) row) : List.of(row);
    for (JValue cell : values) cells.put(String.valueOf(cells.size()), cell);
    return cells;
  }

  private static String typeOf(JValue value) {
    if (value instanceof JBool) return "BOOLEAN_TYPE";
    if (value instanceof JString) return "STRING_TYPE";
    if (value instanceof JInt || value instanceof JLong) return "BIGINT_TYPE";
    if (value instanceof JDouble) return "DOUBLE_TYPE";
    if (value instanceof JDecimal) return "DECIMAL_TYPE";
    if (value instanceof JArray) return sameType(items((JArray) value), "ARRAY_TYPE");
    if (value instanceof JObject) return sameType(fields((JObject) value).values(), "MAP_TYPE");
    return "NULL_TYPE";
  }

  private static String sameType(Collection<JValue> values, String name) {
    if (values.stream().map(ScalaTable::typeOf).distinct().count() > 1) throw new MixedTypes();
    return name;
  }

  private static List<JValue> items(JArray array) { return JavaConverters.seqAsJavaList(array.arr()); }

  private static Map<String, JValue> fields(JObject object) {
    Map<String, JValue> fields = new TreeMap<>();
    JavaConverters.seqAsJavaList(object.obj()).forEach(field -> fields.put(field._1(), field._2()));
    return fields;
  }

  private static String quoted(String text) { return ScalaJson.write(new JString(text)); }
}
