from pyspark.sql import functions as F

df = spark.range(10).withColumn("square", F.col("id") * F.col("id"))
print(df.count())
print(df.filter("square > 50").collect())
df.filter("id < 2").show()
print(df.agg(F.sum("square")).first()[0])
