def show(n: Int): String = s"int $n"
def show(s: String): String = s"string $s"
def show(xs: Seq[Int]): String =
  xs.map(x => show(x)).mkString("; ")

println(show(1))
println(show("one"))
println(show(Seq(1, 2)))
