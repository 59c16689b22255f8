import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._

val byShop = Window
  .partitionBy("shop")
  .orderBy($"day")

val df = Seq(
  ("a", 1, 10), ("a", 2, 20),
  ("b", 1, 5)
).toDF("shop", "day", "n")

df.withColumn("sum", sum($"n").over(byShop))
  .withColumn("rank",
    row_number()
      .over(byShop))
  .orderBy("shop", "day")
  .show(false)
