# Prints what its session was started with, as a user's file can see it.
import livehelper
from pyspark import SparkFiles

for name in ["driver.memory", "driver.cores", "executor.memory", "executor.cores", "executor.instances", "yarn.queue"]:
    print(name, sc.getConf().get("spark." + name, None))
print(spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.get("spark.sparkspool.live"))
print(livehelper.ANSWER)
print(open(SparkFiles.get("rates.csv")).read().strip())
# Livy hands archives to YARN, which unpacks them.
print(sc.getConf().get("spark.yarn.dist.archives").split("/")[-1])
print(sc._jvm.Thread.currentThread().getContextClassLoader().getResource("live/inside.txt") is not None)
