sealed trait Shape
case class Circle(r: Double) extends Shape
case class Rect(w: Double, h: Double) extends Shape
case object Nothing0 extends Shape

def area(s: Shape): Double = s match {
  case Circle(r)  => 3 * r * r
  case Rect(w, h)
      if w == h   => w * w
  case Rect(w, h) => w * h

  // the rest
  case Nothing0   => 0
}

List(Circle(1), Rect(2, 2), Rect(2, 3), Nothing0)
  .map(area)
  .foreach(println)

val word = 3
match {
  case 1 => "one"
  case x if x > 2 => "many"
  case _ => "few"
}
println(word)
