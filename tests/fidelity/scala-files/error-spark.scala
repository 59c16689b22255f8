// fidelity: error 2
val bad = spark.range(4)
  .map { n =>
    if (n == 2) throw new IllegalStateException(s"row $n")
    n
  }

bad.collect()
