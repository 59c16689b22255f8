from pyspark.sql.functions import udf
from pyspark.sql.types import StringType


@udf(StringType())
def spelled(n):
    return ["zero", "one", "two"][n]


print([row.word for row in spark.range(3).select(spelled("id").alias("word")).collect()])
