var i = 0
while (i < 3)
  i += 1
println(i)

do {
  i -= 1
}
while (i > 0)
println(i)

do i += 5 while (i < 10)
println(i)

var j = 0
while (j < 2) {
  println(s"j = $j")
  j += 1
}
