val n = 7

if (n > 10)
  println("large")
else if (n > 5)
  println("middle")
else
  println("small")

val kind = if (n % 2 == 0) {
  "even"
}
// neither
else {
  "odd"
}
println(kind)

def sign(x: Int): Int =
  if (x > 0)
    1
  else if (x < 0)
    -1
  else
    0

println(List(-3, 0, 9).map(sign))
