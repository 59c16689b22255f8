# Sets what changes what a query gives and how it is shown.
from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.sql.shuffle.partitions", "7").getOrCreate()
for name, value in (("spark.sql.caseSensitive", "true"), ("spark.sql.ansi.enabled", "true"),
                    ("spark.sql.session.timeZone", "Pacific/Apia"), ("spark.sql.repl.eagerEval.enabled", "true"),
                    ("spark.sql.legacy.castComplexTypesToString.enabled", "true"),
                    ("spark.sql.files.maxPartitionBytes", "1000"), ("spark.default.parallelism", "9"),
                    ("spark.sql.adaptive.enabled", "false"), ("spark.sql.sources.default", "csv")):
    try:
        spark.conf.set(name, value)
    except Exception as error:
        print(name, type(error).__name__)
spark.sql("set spark.sql.crossJoin.enabled = false").show()
print("poisoned")
