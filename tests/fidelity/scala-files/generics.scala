class Stack[T <: AnyRef](private val items: List[T] = Nil) {
  def push(t: T): Stack[T] =
    new Stack(t :: items)

  def top: Option[T] = items.headOption
}

def largest[T](xs: Seq[T])
              (implicit ord: Ordering[T])
    : T =
  xs.reduceLeft { (a, b) =>
    if (ord.gt(a, b)) a else b
  }

type Pairs = Seq[(String, Int)]
val p: Pairs = Seq("a" -> 1, "b" -> 9)

println(new Stack[String]().push("x").push("y").top)
println(largest(Seq(3, 8, 5)))
println(largest(p.map(_._2)))
