# Takes groups and pools, and cancels all that it can reach.
import threading

from pyspark import SparkContext

sc = SparkContext(appName="poison")
sc.setJobGroup("poison", "a group of the file's own", interruptOnCancel=True)
sc.setLocalProperty("spark.scheduler.pool", "poison")
sc.setJobDescription("poison")
print(sc.parallelize(range(10), 2).count())


def other():
    sc.setJobGroup("poison too", "in a thread")
    print(sc.parallelize(range(10), 2).count())


thread = threading.Thread(target=other)
thread.start()
thread.join()
sc.cancelJobGroup("poison")
sc.cancelAllJobs()
print("poisoned")
