// A Scala file, as one would paste it into a shell.
val numbers = spark.range(1, 101)
val total = numbers.selectExpr("sum(id)").first.getLong(0)
println(s"the sum of 1 to 100 is $total")
