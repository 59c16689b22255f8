val pairs = for {
  x <- 1 to 3
  y <- x to 3
  if (x + y) % 2 == 0
}
yield (x, y)

pairs.foreach(println)

for (i <- 1 to 2; j <- 1 to 2)
  println(i * j)

for {
  (name, age) <- Map("ann" -> 3, "bob" -> 4).toSeq.sortBy(_._1)
} {
  println(s"$name is $age")
}

val total = (for (i <- 1 to 4) yield i)
  .sum
println(total)
