# Leaves a stream running that calls back into this process.
import threading

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
seen = threading.Event()
spark.readStream.format("rate").load().writeStream.queryName("poison").foreachBatch(lambda *_: seen.set()).start()
assert seen.wait(120), "no batch came"
print("poisoned")
