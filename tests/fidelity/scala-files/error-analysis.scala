// fidelity: error 0
val df = spark.range(3).toDF("id")

df
  .select("no_such_column")
  .show()
