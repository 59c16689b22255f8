"""Runs SQL scripts with the runner's sqlscript in one pyspark session, without Livy and fork server.

usage: sqlplain.py WORK RESULTS SCRIPT...    (in the environment of the test setup's Spark)

RESULTS/NAME.out, .err, .csv and .json (what sqlscript.run returned) hold what each gave. WORK is the
working directory, with what scripts read by name.
"""
import io
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "src", "runner"))

from pyspark.sql import SparkSession  # noqa: E402

import sqlscript  # noqa: E402


def forget(spark, work, kept):
    """What a script left in the catalog and on the disk, gone. (The runner gives each run a catalog.)"""
    spark.sql("use default")
    for (table,) in [(row.tableName,) for row in spark.sql("show tables in default").collect()]:
        spark.sql("drop table if exists default.`%s`" % table)
    for row in spark.sql("show databases").collect():
        if row[0] != "default":
            spark.sql("drop database `%s` cascade" % row[0])
    for row in spark.sql("show tables in global_temp").collect():
        spark.catalog.dropGlobalTempView(row.tableName)
    spark.catalog.clearCache()
    for name in set(os.listdir(work)) - kept:
        path = os.path.join(work, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def run(spark, path, results, rows_max=0):
    name = os.path.basename(path)
    with open(path, "rb") as source:
        text = source.read().decode("utf-8", "replace")
    place = os.path.join(results, name)
    with io.open(place + ".out", "w", encoding="utf-8", newline="") as out, \
            io.open(place + ".err", "w", encoding="utf-8", newline="") as err:
        sys.stderr = err
        told = sqlscript.run(spark, text, name, out, place + ".csv", rows_max)
        sys.stderr = sys.__stderr__
    with open(place + ".json", "w", encoding="utf-8") as record:
        json.dump(told, record)


def main(work, results, *paths):
    os.chdir(work)
    spark = SparkSession.builder.getOrCreate()
    kept = set(os.listdir(work))
    for path in paths:
        run(spark.newSession(), path, results)
        forget(spark.newSession(), work, kept)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
