def outer(n: Int): Int = {
  def inner(m: Int): Int =
    if (m <= 0)
      0
    else
      m + inner(m - 1)

  val doubled =
    inner(n)
      .*(2)

  doubled match {
    case 0 => 0
    case x
      if x > 100 => 100
    case x => x
  }
}

println(outer(3))
println(outer(50))
println(outer(0))
