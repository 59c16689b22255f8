# Closes the way to the JVM behind the back of whoever else might be using it.
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print(spark.range(3).count())
gateway = spark.sparkContext._gateway
gateway.shutdown()
print("poisoned")
