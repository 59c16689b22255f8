val m = Map(
  "a" -> 1,
  "b" -> 2
)
val inverted = m
  .map { case (k, v) => v -> k }
  .toSeq
  .sorted
println(inverted)

val grouped = (1 to 10)
  .groupBy(_ % 3)
  .mapValues(_.sum)
  .toSeq
  .sortBy(_._1)
grouped.foreach { case (k, v) =>
  println(s"$k: $v")
}

val (small, large) = (1 to 6)
  .partition(_ < 4)
println(small)
println(large)
