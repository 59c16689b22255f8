val a = 1

/* not the line
   of the interpreter */
val b = List(a)
  .map(_ + undefinedThing)
println(b)
