val df = spark.range(0, 20) // the numbers
  // only the even ones
  .filter("id % 2 = 0")

  /* and of these
     the large ones: .filter("id > 4") /* not this */
   */
  .filter($"id" > 10)
  // .limit(1)
  .withColumn("square", $"id" * $"id") // a trailing comment

df.show()
println(df
  .count())
