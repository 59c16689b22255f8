def half(n: Int): Option[Int] =
  if (n % 2 == 0) Some(n / 2)
  else None

val r = for {
  a <- half(12)
  b <- half(a)
} yield b

println(r)
println(half(3)
  .map(_ + 1)
  .getOrElse("none"))

half(8) match {
  case Some(n) =>
    println(n)
  case None =>
    println("nothing")
}
