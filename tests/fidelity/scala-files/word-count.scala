// The first program that everybody writes.
val text = Seq(
  "to be or not to be",
  "that is the question"
)

val counts = sc.parallelize(text)
  .flatMap(_.split(" "))
  .map(word => (word, 1))
  .reduceByKey(_ + _)

counts
  .collect()
  .sortBy { case (word, n) => (-n, word) }
  .foreach { case (word, n) => println(s"$word\t$n") }
