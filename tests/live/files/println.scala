println("hello from Scala, Grüße")
println(List(1, 2).map(_ + 1))
