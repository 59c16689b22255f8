"""The Python half of a session: reads one request a line from standard input, answers each with one line.

Behaves as the shell of Livy 0.10 was recorded to behave, its traps included:
- the answers go to descriptor 1, which the user's child processes share: a line that one of them
  prints there is taken for an answer, and every later answer comes one request too late;
- what was printed before an exception is kept for the next statement, which is Livy's own;
- a value that json cannot write ends the shell.
"""
import ast
import base64
import datetime
import decimal
import io
import json
import os
import re
import sys
import traceback

# The user's names. There is no __name__ among them, so it is that of the builtins.
scope = {}

wire_in, wire_out, real_err = sys.stdin, sys.stdout, sys.stderr


def capture():
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()


# ---- Spark ---------------------------------------------------------------------------------------


def connect():
    """Binds sc, spark and sqlContext to the JVM that started this process; returns the gateway."""
    from py4j.java_gateway import GatewayParameters, JavaGateway, java_import

    secret = os.environ["PYSPARK_GATEWAY_SECRET"]
    gateway = JavaGateway(
        gateway_parameters=GatewayParameters(
            port=int(os.environ["PYSPARK_GATEWAY_PORT"]), auth_token=secret, auto_convert=True
        )
    )
    for name in (
        "org.apache.spark.SparkConf",
        "org.apache.spark.api.java.*",
        "org.apache.spark.api.python.*",
        "org.apache.spark.ml.python.*",
        "org.apache.spark.mllib.api.python.*",
        "org.apache.spark.resource.*",
        "org.apache.spark.sql.*",
        "org.apache.spark.sql.api.python.*",
        "org.apache.spark.sql.hive.*",
        "scala.Tuple2",
    ):
        java_import(gateway.jvm, name)
    return gateway


def bind_spark(gateway):
    from pyspark import SparkConf, SparkContext, SparkFiles, cloudpickle
    from pyspark.sql import HiveContext, SparkSession, SQLContext
    from pyspark.streaming import StreamingContext

    jsc = gateway.entry_point.sc()
    sc = SparkContext(jsc=jsc, gateway=gateway, conf=SparkConf(_jvm=gateway.jvm, _jconf=jsc.getConf()))
    spark = SparkSession(sc, gateway.entry_point.sparkSession())
    scope.update(sc=sc, spark=spark, sqlContext=SQLContext.getOrCreate(sc))
    scope.update(HiveContext=HiveContext, StreamingContext=StreamingContext, cloudpickle=cloudpickle)
    os.chdir(SparkFiles.getRootDirectory())


def listen_for_java(gateway):
    """The JVM calls back into Python (foreachBatch): returns the port where it can."""
    from py4j.java_gateway import CallbackServerParameters

    secret = os.environ["PYSPARK_GATEWAY_SECRET"]
    gateway.start_callback_server(
        callback_server_parameters=CallbackServerParameters(port=0, auth_token=secret)
    )
    return gateway.get_callback_server().get_listening_port()


# ---- running code --------------------------------------------------------------------------------


class Failed(Exception):
    """The user's code raised; the exception is the cause."""


class UnknownMagic(Exception):
    pass


def run_nodes(tree):
    """All but the last statement silently, the last one as at a prompt: its value is shown."""
    for node in tree.body[:-1]:
        exec(compile(ast.Module([node], []), "<stdin>", "exec"), scope)
    for node in tree.body[-1:]:
        exec(compile(ast.Interactive([node]), "<stdin>", "single"), scope)


def run_python(tree):
    try:
        run_nodes(tree)
    except BaseException as e:  # SystemExit is the user's too
        raise Failed from e


def parse(code):
    return compile(code, "<stdin>", "exec", ast.PyCF_ONLY_AST, True)


def split_magics(code):
    """Runs of ordinary lines, and lines that start with a percent sign each for itself."""
    ordinary = []
    for line in code.rstrip().split("\n"):
        if not line.startswith("%"):
            ordinary.append(line)
            continue
        if ordinary:
            yield "\n".join(ordinary)
        ordinary = []
        yield line
    if ordinary:
        yield "\n".join(ordinary)


def steps_of(code):
    """What is to be done, in order, each a call. Code that parses as a whole has no magics."""
    try:
        tree = parse(code)
        return [lambda: run_python(tree)]
    except SyntaxError:
        pass
    steps = []
    for part in split_magics(code):
        if part.startswith("%"):
            steps.append(lambda line=part: run_magic(line))
        else:
            steps.append(lambda tree=parse(part): run_python(tree))
    return steps


def execute(code):
    try:
        steps = steps_of(code)
    except SyntaxError as e:
        return error_reply(e, None)
    result = None
    try:
        for step in steps:
            result = step()
    except UnknownMagic as e:
        return error_reply(e, None)
    except Failed as e:
        return error_reply(e.__cause__, e.__cause__.__traceback__)
    return ok_reply(result or {})


# ---- answers -------------------------------------------------------------------------------------


def reply(status, content):
    return {"msg_type": "execute_reply", "content": dict(content, status=status)}


def ok_reply(data):
    text = data.pop("text/plain", "") + sys.stdout.getvalue() + sys.stderr.getvalue()
    capture()
    text = text.rstrip()
    if text or not data:
        data["text/plain"] = text
    return reply("ok", {"data": data})


def error_reply(error, frames):
    lines = traceback.format_exception(type(error), error, frames, chain=False)
    print("ERROR:shell:a statement failed", *lines, sep="\n", file=real_err, flush=True)
    for i, line in enumerate(lines):
        # Frames of this file and the user's outermost one say nothing to the user.
        if re.match(r'\s*File "<stdin>".*in <module>', line):
            lines[1 : i + 1] = []
            break
    return reply("error", {"ename": type(error).__name__, "evalue": str(error), "traceback": lines})


# ---- magics --------------------------------------------------------------------------------------


def run_magic(line):
    name, _, rest = line[1:].partition(" ")
    if not name:
        raise UnknownMagic("magic command not specified")
    if name not in MAGICS:
        raise UnknownMagic("unknown magic command '%s'" % name)
    return MAGICS[name](*([rest] if " " in line else []))


def value_or_error(name):
    """(value, None) or (None, what stands for the result): a failed magic is `ok` with an odd result."""
    try:
        return scope[name], None
    except KeyError as e:
        return None, error_reply(e, None)


def magic_json(name):
    value, error = value_or_error(name)
    return error or {"application/json": value}


def magic_matplot(name):
    try:
        image = io.BytesIO()
        scope[name].gcf().savefig(image, format="png")
    except BaseException as e:
        return error_reply(e, None)
    return {"image/png": base64.b64encode(image.getvalue()).decode(), "text/plain": ""}


def magic_table(name):
    value, error = value_or_error(name)
    if error:
        return error
    rows, headers = [], {}
    for row in value if isinstance(value, (list, tuple)) else [value]:
        cells = []
        for column, cell in columns_of(row):
            type_name, cell = table_cell(cell)
            if not fits(headers.setdefault(column, {"name": str(column), "type": type_name}), type_name):
                return error_reply(Exception("table rows have different types"), None)
            cells.append(cell)
        rows.append(cells)
    header_list = [header for _, header in sorted(headers.items())]
    return {"application/vnd.livy.table.v1+json": {"headers": header_list, "data": rows}}


def columns_of(row):
    if type(row).__name__ == "Row":
        row = row.asDict()
    if isinstance(row, dict):
        return sorted(row.items())
    return enumerate(row if isinstance(row, (list, tuple)) else [row])


def fits(header, type_name):
    """None fits into any column, and a column of only None takes the first type that comes."""
    if header["type"] == "NULL_TYPE":
        header["type"] = type_name
    return type_name in ("NULL_TYPE", header["type"])


TABLE_TYPES = {
    type(None): ("NULL_TYPE", None),
    bool: ("BOOLEAN_TYPE", None),
    int: ("INT_TYPE", None),
    float: ("DOUBLE_TYPE", None),
    str: ("STRING_TYPE", str),
    datetime.date: ("DATE_TYPE", str),
    datetime.datetime: ("TIMESTAMP_TYPE", str),
    decimal.Decimal: ("DECIMAL_TYPE", str),
}


def table_cell(cell):
    if isinstance(cell, (list, tuple)):
        items = [table_cell(item) for item in cell]
        if len({type_name for type_name, _ in items}) > 1:
            raise ValueError("value has inconsistent types")
        return "ARRAY_TYPE", [item for _, item in items]
    type_name, convert = TABLE_TYPES.get(type(cell), TABLE_TYPES[str])
    return type_name, convert(cell) if convert else cell


MAGICS = {"json": magic_json, "table": magic_table, "matplot": magic_matplot}


# ---- the wire ------------------------------------------------------------------------------------


def answer(line):
    response = execute(json.loads(line)["content"]["code"])
    try:
        return json.dumps(response)
    except ValueError:
        return json.dumps({"msg_type": "inspect_reply", "content": {"status": "error"}})


def serve():
    for line in wire_in:
        if line != "\n":
            print(answer(line), file=wire_out, flush=True)


def main():
    sys.stdin = io.StringIO()  # input() meets its end at once
    capture()
    gateway = connect()
    bind_spark(gateway)
    port = listen_for_java(gateway)
    # What the start printed would else be the first statement's.
    print(sys.stdout.getvalue(), sys.stderr.getvalue(), sep="\n", file=real_err, flush=True)
    capture()
    print("READY(port=%d)" % port, file=wire_out, flush=True)
    try:
        serve()
    finally:
        sys.stdin, sys.stdout, sys.stderr = wire_in, wire_out, real_err
        gateway.shutdown_callback_server()
        scope["sc"].stop()


if __name__ == "__main__":
    main()
