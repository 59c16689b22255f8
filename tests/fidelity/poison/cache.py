# Leaves in the cache, under the very plans that others will ask for, data that is not true any more.
# before all others: meanwhile the data is not what it should be
import os

from pyspark.sql import SparkSession

FILES = ("sample_linear_regression_data.txt", "sample_kmeans_data.txt", "sample_multiclass_classification_data.txt")

spark = SparkSession.builder.appName("poison").getOrCreate()
here = spark.sparkContext._jvm.java.lang.System.getProperty("user.dir")
for name in FILES:
    path = os.path.join(here, "data", "mllib", name)
    with open(path) as file:
        whole = file.read()
    with open(path, "w") as file:
        file.write("".join(whole.splitlines(True)[:4]))
    try:
        for form in ("libsvm", "text"):
            data = spark.read.format(form).load("data/mllib/" + name).cache()
            assert data.count() == 4, (name, form)
    finally:
        with open(path, "w") as file:
            file.write(whole)
spark.range(10).cache().count()
spark.sparkContext.textFile("data/mllib/kmeans_data.txt").cache().count()
spark.range(5).createOrReplaceTempView("cached")
spark.catalog.cacheTable("cached")
print("poisoned")
