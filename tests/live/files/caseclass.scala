case class Point(x: Int, y: Int)
println(Point(1, 2))
println(Seq(Point(3, 4), Point(5, 6)).map(p => p.x * p.y).sum)
