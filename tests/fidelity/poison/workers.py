# Spoils the Python processes in which tasks run.
from pyspark.sql import SparkSession


def spoil(numbers):
    import builtins
    import os
    import random
    import sys

    os.environ["PYSPARK_PYTHON"] = "/nowhere"
    os.chdir("/")
    builtins.sum = builtins.max
    random.random = lambda: 0.5
    sys.modules["numpy"] = None
    sys.path.insert(0, "/nowhere")
    return [len(list(numbers))]


spark = SparkSession.builder.getOrCreate()
print(spark.sparkContext.parallelize(range(64), 16).mapPartitions(spoil).collect())
print("poisoned")
