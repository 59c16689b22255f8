import org.apache.spark.sql.Row
import org.apache.spark.sql.types._

val schema = StructType(Seq(
  StructField("id", IntegerType, nullable = false),
  StructField("tags", ArrayType(StringType))
))

val df = spark.createDataFrame(
  sc.parallelize(Seq(
    Row(1, Seq("a", "b")),
    Row(2, null)
  )),
  schema
)

df.printSchema()
df.orderBy("id").show()
