package org.apache.livy.repl;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.hive.HiveContext;
import org.json4s.JsonAST;
import org.json4s.MappingException;
import org.json4s.jackson.JsonMethods$;
import py4j.GatewayServer;

/**
 * Python in a process of its own (shell.py): a line of JSON to its standard input, a line back from
 * its standard output. Nothing ties an answer to its question, so a child of the user's code that
 * prints a line makes every later answer the one of an earlier question, as with Livy.
 */
final class PythonInterpreter implements Interpreter {
  private static final Pattern READY = Pattern.compile("READY\\(port=([0-9]+)\\)");
  private static final int SECRET_BYTES = 32;
  private static final long EXIT_LIMIT_S = 3;
  // Only ASCII crosses the pipe, whatever the locale of either end.
  private static final ObjectMapper ASCII =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final GatewayServer gateway;
  private final Process process;
  private final Writer toShell;
  private final BufferedReader fromShell;
  private final List<String> errorLines = new ArrayList<>();

  /** What Python sees of the JVM. The shell may ask before Spark is up: then it waits. */
  public static final class EntryPoint {
    private final CompletableFuture<SparkEntries> spark;

    EntryPoint(CompletableFuture<SparkEntries> spark) { this.spark = spark; }

    public JavaSparkContext sc() { return spark.join().sc(); }
    public SparkSession sparkSession() throws Exception { return spark.join().sparkSession(); }
    public SQLContext sqlctx() { return spark.join().sqlctx(); }
    public HiveContext hivectx() { return spark.join().hivectx(); }
  }

  PythonInterpreter(SparkConf conf, CompletableFuture<SparkEntries> spark) throws Exception {
    String secret = newSecret();
    gateway = startGateway(new EntryPoint(spark), secret);
    process = startShell(conf, secret);
    toShell = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.US_ASCII);
    fromShell = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    collectErrorLines();
    awaitReady();
  }

  private static String newSecret() {
    byte[] bytes = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(bytes);
    StringBuilder hex = new StringBuilder();
    for (byte b : bytes) hex.append(String.format("%02x", b));
    return hex.toString();
  }

  private static GatewayServer startGateway(Object entryPoint, String secret) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    GatewayServer server = new GatewayServer.GatewayServerBuilder(entryPoint)
        .authToken(secret).javaPort(0).javaAddress(loopback)
        .callbackClient(GatewayServer.DEFAULT_PYTHON_PORT, loopback, secret).build();
    server.start();
    return server;
  }

  private Process startShell(SparkConf conf, String secret) throws IOException {
    String python = conf.get("spark.pyspark.python", System.getenv().getOrDefault("PYSPARK_PYTHON", "python3"));
    ProcessBuilder builder = new ProcessBuilder(python, unpackShell().toString());
    Map<String, String> environment = builder.environment();
    environment.put("PYSPARK_PYTHON", python);
    environment.put("PYTHONPATH", pythonPath());
    environment.put("PYTHONUNBUFFERED", "YES");
    environment.put("PYSPARK_GATEWAY_PORT", String.valueOf(gateway.getListeningPort()));
    environment.put("PYSPARK_GATEWAY_SECRET", secret);
    return builder.start();
  }

  private static Path unpackShell() throws IOException {
    Path script = Files.createTempFile("shell", ".py");
    script.toFile().deleteOnExit();
    try (InputStream source = PythonInterpreter.class.getResourceAsStream("/shell.py")) {
      Files.copy(source, script, StandardCopyOption.REPLACE_EXISTING);
    }
    return script;
  }

  /** The user's own, Spark's two archives, then the session's pyFiles. */
  private static String pythonPath() {
    List<String> path = new ArrayList<>();
    String inherited = System.getenv("PYTHONPATH");
    if (inherited != null) path.add(inherited);
    File[] archives = new File(System.getenv("SPARK_HOME"), "python/lib").listFiles();
    if (archives != null)
      for (File archive : archives) if (archive.getName().endsWith(".zip")) path.add(archive.getPath());
    String files = System.getProperty("spark.submit.pyFiles", "");
    if (!files.isEmpty()) path.addAll(List.of(files.split(",")));
    return String.join(File.pathSeparator, path);
  }

  /** They are the last words of a process that dies. */
  private void collectErrorLines() {
    Thread reader = new Thread(() -> {
      try (BufferedReader lines = new BufferedReader(
          new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
        for (String line; (line = lines.readLine()) != null; )
          synchronized (errorLines) { errorLines.add(line); }
      } catch (IOException e) {
        // The process is gone: so are its words.
      }
    }, "python-stderr");
    reader.setDaemon(true);
    reader.start();
  }

  private String takeErrorLines() {
    synchronized (errorLines) {
      String text = String.join("\n", errorLines);
      errorLines.clear();
      return text;
    }
  }

  /** A shell that ends instead of getting ready is found dead by its first statement. */
  private void awaitReady() throws IOException {
    for (String line; (line = fromShell.readLine()) != null; ) {
      Matcher ready = READY.matcher(line);
      if (!ready.matches()) continue;
      // Java calls Python too (foreachBatch): this is where it finds it.
      gateway.resetCallbackClient(InetAddress.getLoopbackAddress(), Integer.parseInt(ready.group(1)));
      return;
    }
  }

  @Override public void setJobGroup(String group) {
    execute("sc.setJobGroup(\"" + group + "\", \"Job group for statement " + group + "\")");
  }

  @Override public Outcome execute(String code) {
    try {
      String answer = ask(code);
      return answer == null ? Outcome.died(takeErrorLines()) : outcomeOf(answer);
    } catch (Throwable t) {
      return Outcome.error(t.getClass().getName(), t.getMessage());
    }
  }

  /** @return null if the shell is gone */
  private String ask(String code) throws IOException {
    ObjectNode request = ASCII.createObjectNode().put("msg_type", "execute_request");
    request.putObject("content").put("code", code);
    try {
      toShell.write(ASCII.writeValueAsString(request) + "\n");
      toShell.flush();
    } catch (IOException e) {
      return null;
    }
    return fromShell.readLine();
  }

  private static Outcome outcomeOf(String answer) throws Exception {
    JsonNode reply = parse(answer);
    if (!reply.get("msg_type").asText().equals("execute_reply")) throw new AssertionError("assertion failed");
    JsonNode content = reply.get("content");
    if (content.get("status").asText().equals("ok")) return Outcome.ok((ObjectNode) content.get("data"));
    List<String> traceback = new ArrayList<>();
    content.get("traceback").forEach(line -> traceback.add(line.asText()));
    return Outcome.error(content.get("ename").asText(), content.get("evalue").asText(), traceback);
  }

  /** What is no answer of the shell fails with the words of the library that Livy reads it with. */
  private static JsonNode parse(String answer) throws Exception {
    JsonNode reply = answer.startsWith("{") ? Outcome.MAPPER.readTree(answer) : null;
    if (reply != null && reply.hasNonNull("msg_type")) return reply;
    JsonMethods$.MODULE$.mapper().readValue(answer, JsonAST.JValue.class);
    throw new MappingException("Did not find value which can be converted into java.lang.String", null);
  }

  @Override public void close() {
    try {
      toShell.close();
      process.waitFor(EXIT_LIMIT_S, TimeUnit.SECONDS);
    } catch (IOException | InterruptedException e) {
      // It is ended below, whatever state it is in.
    }
    process.destroyForcibly();
    gateway.shutdown();
  }
}
