// As people write it.
val n = spark.range(20) // all
  // the even ones
  .filter("id % 2 = 0")

  .count

if (n > 5)
  println("many")
else
  println("few")

val r = for {
  i <- 1 to 3
}
yield i * n
println(r.sum +
  1)
