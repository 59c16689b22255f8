// fidelity: error 8
val a = 1

val b = List(1, 2, 3)
  .map(_ + 1)
  .sum

val c = a + undefinedThing
println(b)
