package org.apache.livy.repl;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;
import org.apache.spark.rdd.RDD;
import org.apache.spark.repl.SparkILoop;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.tools.nsc.Settings;
import scala.tools.nsc.interpreter.IMain;
import scala.tools.nsc.interpreter.PresentationCompilerCompleter;
import scala.tools.nsc.interpreter.Results;

/**
 * Spark's own Scala shell, fed a line at a time. A line that the compiler calls unfinished takes the
 * next one with it; any other is run at once, so a line that starts with a dot fails.
 */
final class ScalaInterpreter implements Interpreter {
  static final String CLASS_DIRECTORY = "spark.repl.class.outputDir";

  private static final Pattern MAGIC = Pattern.compile("%(\\w+)\\W*(.*)");
  private static final Pattern AFTER_NEWLINE = Pattern.compile("(?<=\n)");
  private static final int ROWS_OF_AN_RDD = 10;

  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final SparkILoop loop;
  private final IMain intp;

  static String makeClassDirectory(SparkConf conf) throws Exception {
    String parent = conf.get("spark.repl.classdir", System.getProperty("java.io.tmpdir"));
    File directory = Files.createTempDirectory(Paths.get(parent), "spark").toFile();
    directory.deleteOnExit();
    conf.set(CLASS_DIRECTORY, directory.getAbsolutePath());
    return directory.getAbsolutePath();
  }

  /** The compiler alone, which needs no Spark yet; {@link #bind} completes it. */
  ScalaInterpreter(String classDirectory) {
    Settings settings = new Settings();
    List<String> options = List.of("-usejavacp", "-Yrepl-class-based", "-Yrepl-outdir", classDirectory);
    settings.processArguments(JavaConverters.asScalaBuffer(options).toList(), true);
    settings.embeddedDefaults(Thread.currentThread().getContextClassLoader());
    loop = new SparkILoop(scala.Option.empty(), new PrintWriter(output, true));
    loop.settings_$eq(settings);
    loop.createInterpreter();
    intp = loop.intp();
    intp.initializeSynchronous();
    intp.ensureClassLoader();
    addUsersJars();
  }

  /** What the user gave as `jars` is in the class loader of spark-submit; the compiler must see it too. */
  private void addUsersJars() {
    List<URL> jars = new ArrayList<>();
    for (ClassLoader l = Thread.currentThread().getContextClassLoader(); l != null; l = l.getParent())
      if (l.getClass().getName().equals("org.apache.spark.util.MutableURLClassLoader"))
        for (URL jar : ((URLClassLoader) l).getURLs())
          if (isUsersJar(jar)) jars.add(jar);
    if (!jars.isEmpty()) intp.addUrlsToClassPath(JavaConverters.asScalaBuffer(jars));
  }

  private static boolean isUsersJar(URL jar) {
    File file = new File(jar.getPath());
    return jar.getProtocol().equals("file") && file.isFile()
        && !file.getName().startsWith("livy-") && !file.getName().equals("sparkspool-repl.jar");
  }

  void bind(SparkEntries entries) throws Exception {
    bindQuietly("spark", "org.apache.spark.sql.SparkSession", entries.sparkSession());
    bindQuietly("sc", "org.apache.spark.SparkContext", entries.sc().sc());
    for (String name : List.of("org.apache.spark.SparkContext._", "spark.implicits._", "spark.sql",
        "org.apache.spark.sql.functions._"))
      execute("import " + name);
  }

  private void bindQuietly(String name, String type, Object value) {
    Seq<String> modifiers = JavaConverters.asScalaBuffer(List.of("@transient"));
    scala.Function0<Results.Result> bind = () -> intp.bind(name, type, value, modifiers.toList());
    intp.beQuietDuring(bind);
  }

  /** Through the interpreter, as Livy does: so it is also what {@code %json} alone would show. */
  @Override public void setJobGroup(String group) {
    execute("val _livyJobGroup" + group + " = sc.setJobGroup(\"" + group + "\", \"Job group for statement " + group + "\")");
  }

  @Override public Outcome execute(String code) {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try {
      return executeLines(code.trim().split("\n"));
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  private Outcome executeLines(String[] lines) {
    Outcome soFar = Outcome.text("");
    String piece = "";
    for (String line : lines) {
      piece = piece.isEmpty() ? line : piece + "\n" + line;
      Outcome outcome = executePiece(piece);
      if (outcome.sort == Outcome.Sort.INCOMPLETE) continue;
      if (outcome.sort != Outcome.Sort.OK) return outcome;
      soFar = soFar.then(outcome);
      piece = "";
    }
    return piece.isEmpty() || isOnlyComment(piece) ? soFar : Outcome.incomplete();
  }

  /** The compiler calls a comment unfinished too. In braces it is a whole, unfinished code is not. */
  private boolean isOnlyComment(String piece) {
    return executePiece("{\n" + piece + "\n}").sort == Outcome.Sort.OK;
  }

  private Outcome executePiece(String piece) {
    Matcher magic = MAGIC.matcher(piece);
    if (magic.matches()) return executeMagic(magic.group(1), magic.group(2));
    scala.Function0<Results.Result> interpret = () -> intp.interpret(piece);
    Results.Result result = (Results.Result) scala.Console.withOut(output, interpret);
    if (result == Results.Incomplete$.MODULE$) return Outcome.incomplete();
    String text = takeOutput();
    return result == Results.Success$.MODULE$ ? Outcome.text(text) : errorOf(text);
  }

  private String takeOutput() {
    String text = output.toString(StandardCharsets.UTF_8);
    output.reset();
    return text;
  }

  private static Outcome errorOf(String text) {
    String[] lines = AFTER_NEWLINE.split(text);
    return Outcome.error("Error", lines[0].trim(), Arrays.asList(lines).subList(1, lines.length));
  }

  // ---- magics -----------------------------------------------------------------------------------

  private Outcome executeMagic(String magic, String name) {
    if (!magic.equals("json") && !magic.equals("table"))
      return Outcome.error("UnknownMagic", "Unknown magic command " + magic);
    Object value = newestValue();
    if (value == null) return Outcome.error("NameError", "Value " + name + " does not exist");
    return magic.equals("json") ? jsonOf(value) : ScalaTable.of(ScalaJson.decompose(value));
  }

  /** Livy, too, gives the newest result whatever name is asked for. */
  private Object newestValue() {
    Object value = intp.lastRequest().lineRep().call("$result", JavaConverters.asScalaBuffer(List.of()));
    return value instanceof RDD ? ((RDD<?>) value).take(ROWS_OF_AN_RDD) : value;
  }

  private static Outcome jsonOf(Object value) {
    try {
      return Outcome.raw(Outcome.JSON, ScalaJson.write(value));
    } catch (Throwable t) {
      return Outcome.error("ValueError", "Failed to convert value into a JSON value");
    }
  }

  @Override public String[] complete(String code, int cursor) {
    return JavaConverters.seqAsJavaList(new PresentationCompilerCompleter(intp).complete(code, cursor).candidates())
        .toArray(new String[0]);
  }

  @Override public void close() { loop.closeInterpreter(); }
}
