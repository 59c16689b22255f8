# Stops Spark, starts another, stops that, and leaves no session behind.
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("poison").getOrCreate()
print(spark.range(3).count())
spark.stop()
sc = SparkContext(conf=SparkConf().setMaster("local[1]").setAppName("poison again").set("spark.ui.enabled", "false"))
print(sc.parallelize(range(3)).count())
sc.stop()
spark = SparkSession.builder.getOrCreate()
print(spark.range(3).count())
spark._jvm.SparkSession.clearDefaultSession()
spark._jvm.SparkSession.clearActiveSession()
spark.stop()
print("poisoned")
