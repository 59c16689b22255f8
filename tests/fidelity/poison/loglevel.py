# Makes the driver talk, and says what should be silent.
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setLogLevel("INFO")
spark.range(3).show()
print("poisoned")
