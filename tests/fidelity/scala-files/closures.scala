val factor = 3
var calls = 0
val scaled = sc.parallelize(1 to 4)
  .map(_ * factor)
  .collect()
println(scaled.mkString(","))

val acc = sc.longAccumulator("seen")
sc.parallelize(1 to 100, 4).foreach { i =>
  if (i % 10 == 0) acc.add(1)
}
println(acc.value)

val table = sc.broadcast(Map(1 -> "one", 2 -> "two"))
sc.parallelize(Seq(1, 2, 3))
  .map(i => table.value.getOrElse(i, "?"))
  .collect
  .foreach(println)
