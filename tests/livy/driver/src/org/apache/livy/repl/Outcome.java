package org.apache.livy.repl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.List;

/** How a piece of code ended, and how Livy words that in a statement's {@code output}. */
final class Outcome {
  enum Sort { OK, ERROR, INCOMPLETE, DIED }

  static final String TEXT = "text/plain";
  static final String JSON = "application/json";
  static final String TABLE = "application/vnd.livy.table.v1+json";

  static final ObjectMapper MAPPER = new ObjectMapper();

  final Sort sort;
  private final ObjectNode data;
  private final String ename;
  private final String evalue;
  private final List<String> traceback;

  private Outcome(Sort sort, ObjectNode data, String ename, String evalue, List<String> traceback) {
    this.sort = sort;
    this.data = data;
    this.ename = ename;
    this.evalue = evalue;
    this.traceback = traceback;
  }

  static Outcome ok(ObjectNode data) {
    return new Outcome(Sort.OK, data, null, null, null);
  }

  static Outcome text(String text) {
    return ok(MAPPER.createObjectNode().put(TEXT, text));
  }

  /** @param json the value as it is to stand in the answer: numbers keep their form */
  static Outcome raw(String mimeType, String json) {
    ObjectNode data = MAPPER.createObjectNode();
    data.putRawValue(mimeType, new RawValue(json));
    return ok(data);
  }

  static Outcome error(String ename, String evalue, List<String> traceback) {
    return new Outcome(Sort.ERROR, null, ename, evalue, traceback);
  }

  static Outcome error(String ename, String evalue) {
    return error(ename, evalue, List.of());
  }

  static Outcome incomplete() {
    return new Outcome(Sort.INCOMPLETE, null, "Error", "incomplete statement", List.of());
  }

  /** The interpreter's process is gone. */
  static Outcome died(String lastWords) {
    return new Outcome(Sort.DIED, null, "Error", "Interpreter died:\n" + lastWords, List.of());
  }

  /**
   * What two pieces of one statement give together: texts follow each other, anything else
   * (the result of a magic) takes the place of what came before.
   */
  Outcome then(Outcome next) {
    if (sort == Sort.OK && next.sort == Sort.OK && data.has(TEXT) && next.data.has(TEXT))
      return text(data.get(TEXT).asText() + next.data.get(TEXT).asText());
    return next;
  }

  /** The statement's {@code output} as the server passes it on. */
  String toJson(int statementId) throws Exception {
    ObjectNode out = MAPPER.createObjectNode();
    out.put("status", sort == Sort.OK ? "ok" : "error").put("execution_count", statementId);
    if (sort == Sort.OK) {
      out.set("data", data);
    } else {
      out.put("ename", ename).put("evalue", evalue);
      traceback.forEach(out.putArray("traceback")::add);
    }
    return MAPPER.writeValueAsString(out);
  }
}
