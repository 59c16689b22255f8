# Takes names that others use: views, functions, a database.
from pyspark.sql import SparkSession
from pyspark.sql.types import IntegerType

spark = SparkSession.builder.getOrCreate()
for name in ("df", "people", "records", "table", "__THIS__", "ids", "numbers"):
    spark.range(1).createOrReplaceTempView(name)
spark.range(1).createOrReplaceGlobalTempView("people")
for name in ("length", "upper", "count", "sum", "avg"):
    spark.udf.register(name, lambda *_: -1, IntegerType())
spark.sql("create database if not exists poison")
spark.sql("use poison")
print("poisoned")
