case class Point(x: Double, y: Double) {
  def +(other: Point): Point = Point(x + other.x, y + other.y)
}

object Point {
  val Origin = Point(0, 0)
  def polar(r: Double, phi: Double): Point =
    Point(r * math.cos(phi), r * math.sin(phi))
}

println(Point.Origin + Point(1, 2))
println(Point.polar(2, 0))
println(List(Point(1, 1), Point(2, 2)).foldLeft(Point.Origin)(_ + _))
