import org.apache.spark.sql.functions.{
  col,
  udf,
  upper
}

val shout = udf { (s: String) =>
  if (s == null) null
  else s + "!"
}

val df = Seq("a", "b", null)
  .toDF("letter")

df
  .select(
    upper(col("letter")) as "upper",
    shout(col("letter"))
      .as("loud")
  )
  .show()

spark.udf.register("twice", (n: Int) => n * 2)
spark.sql("""
  select id, twice(cast(id as int)) as two
  from range(3)
  order by id
""").show()
