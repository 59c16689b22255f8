package org.apache.livy.repl;

import java.sql.Date;
import org.json4s.DefaultFormats$;
import org.json4s.Extraction;
import org.json4s.Formats;
import org.json4s.JsonAST;
import org.json4s.Serializer;
import org.json4s.reflect.TypeInfo;
import org.json4s.jackson.JsonMethods$;
import scala.PartialFunction;
import scala.Tuple2;
import scala.runtime.AbstractPartialFunction;

/** Scala and SQL values as JSON, by the library of Spark that Livy uses too: so they look the same. */
final class ScalaJson {
  private static final Formats FORMATS = DefaultFormats$.MODULE$.$plus(new DateAsText());

  private ScalaJson() {}

  static JsonAST.JValue decompose(Object value) { return Extraction.decompose(value, FORMATS); }

  static String write(JsonAST.JValue value) {
    JsonMethods$ methods = JsonMethods$.MODULE$;
    return methods.compact(methods.render(value, FORMATS));
  }

  static String write(Object value) { return write(decompose(value)); }

  /** The library knows Scala's decimals as numbers, but not Java's. */
  static Object plain(Object cell) {
    return cell instanceof java.math.BigDecimal ? new scala.math.BigDecimal((java.math.BigDecimal) cell) : cell;
  }

  /** A date of SQL is written as 2026-11-22, without a time. */
  private static final class DateAsText implements Serializer<Date> {
    @Override public PartialFunction<Tuple2<TypeInfo, JsonAST.JValue>, Date> deserialize(Formats formats) {
      return new AbstractPartialFunction<>() {
        @Override public boolean isDefinedAt(Tuple2<TypeInfo, JsonAST.JValue> x) { return false; }
      };
    }

    @Override public PartialFunction<Object, JsonAST.JValue> serialize(Formats formats) {
      return new AbstractPartialFunction<>() {
        @Override public boolean isDefinedAt(Object x) { return x instanceof Date; }

        @Override public JsonAST.JValue apply(Object x) { return new JsonAST.JString(x.toString()); }
      };
    }
  }
}
