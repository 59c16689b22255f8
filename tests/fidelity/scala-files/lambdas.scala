val add = (x: Int, y: Int) =>
  x + y

val compose: Int => Int => Int =
  x =>
    y =>
      add(x, y) * 2

println(compose(1)(2))

val partial: PartialFunction[Int, String] = {
  case 1 => "one"
  case 2 => "two"
}
println(List(1, 2, 3).collect(partial))

def twice(f: Int => Int): Int => Int =
  f andThen
    f
println(twice(_ + 3)(1))
