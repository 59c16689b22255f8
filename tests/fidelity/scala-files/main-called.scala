object Job {
  def main(args: Array[String]): Unit = {
    val n = spark.range(10).count()
    println(s"counted $n with ${args.length} arguments")
  }
}

Job.main(Array("x"))
