package org.apache.livy.repl;

import io.netty.channel.ChannelHandlerContext;
import org.apache.livy.rsc.BaseProtocol.CancelReplJobRequest;
import org.apache.livy.rsc.BaseProtocol.GetReplJobResults;
import org.apache.livy.rsc.BaseProtocol.ReplCompleteRequest;
import org.apache.livy.rsc.BaseProtocol.ReplJobRequest;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.ReplJobResults;
import org.apache.livy.rsc.driver.RSCDriver;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.livy.rsc.rpc.Rpc;
import org.apache.spark.SparkConf;

/**
 * The driver of a session: takes the server's messages and hands them on.
 *
 * The server starts a class of this very name. Livy's own is not published for Scala 2.12, so this
 * is one of ours, behaving as Livy 0.10's was recorded to behave.
 */
public class ReplDriver extends RSCDriver {
  private final Kind sessionKind;
  private final Statements statements;
  private final Interpreters interpreters;

  public ReplDriver(SparkConf conf, RSCConf livyConf) throws Exception {
    super(conf, livyConf);
    sessionKind = Kind.of(livyConf.get(RSCConf.Entry.SESSION_KIND));
    useLocalMaster(conf);
    interpreters = new Interpreters(conf, livyConf, sessionKind);
    statements = new Statements(livyConf, interpreters, state -> broadcast(new ReplState(state)));
  }

  /** Livy recovers sessions of YARN only: a test of that names another master for the driver itself. */
  private static void useLocalMaster(SparkConf conf) {
    String master = "spark.sparkspool.master";
    if (conf.contains(master)) conf.setMaster(conf.get(master));
  }

  @Override protected SparkEntries initializeSparkEntries() throws Exception {
    return statements.start();
  }

  @Override protected void onClientAuthenticated(Rpc client) {
    client.call(new ReplState(statements.state()));
  }

  @Override protected void shutdownContext() {
    try {
      statements.close();
      interpreters.close();
    } finally {
      super.shutdownContext();
    }
  }

  // The server's messages; the base class finds these methods by their signatures.

  public Integer handle(ChannelHandlerContext context, ReplJobRequest message) {
    String code = unixLines(message.code);
    return statements.add(code, kindOf(message.codeType));
  }

  public ReplJobResults handle(ChannelHandlerContext context, GetReplJobResults message) {
    return new ReplJobResults(message.allResults ? statements.all() : statements.range(message.from, message.size));
  }

  public void handle(ChannelHandlerContext context, CancelReplJobRequest message) {
    statements.cancel(message.id);
  }

  public String[] handle(ChannelHandlerContext context, ReplCompleteRequest message) {
    Interpreter interpreter = interpreters.get(Kind.of(message.codeType));
    return interpreter == null ? new String[0] : interpreter.complete(unixLines(message.code), message.cursor);
  }

  private Kind kindOf(String codeType) {
    Kind kind = codeType == null ? sessionKind : Kind.of(codeType);
    if (kind == Kind.SHARED)
      throw new IllegalArgumentException("Code type should be specified if session kind is shared");
    return kind;
  }

  /** The first line end decides what counts as one in the whole code. */
  static String unixLines(String code) {
    int lf = code.indexOf('\n');
    int cr = code.indexOf('\r');
    if (cr < 0 || lf >= 0 && lf < cr || cr == code.length() - 1) return code;
    return lf == cr + 1 ? code.replace("\r\n", "\n") : code.replace('\r', '\n');
  }
}
