# Ends while threads of its own have Spark at work for a long time.
import threading
import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
status = spark.sparkContext.statusTracker()


def work():
    spark.sparkContext.setJobGroup("poison threads", "endless")
    spark.sparkContext.parallelize(range(2), 2).foreach(lambda _: time.sleep(3600))


for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
while not status.getActiveJobsIds():
    time.sleep(0.05)
print("poisoned")
