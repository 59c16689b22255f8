val sum = 1 +
  2 +
  3
println(sum)

val cond = sum > 5 &&
  sum < 10 ||
  sum == 0
println(cond)

val list = 1 ::
  2 ::
  Nil
println(list)

val range = 1 to
  3
println(range map
  (_ * 2))

val text = "a" +
  // between
  "b" +
  "c"
println(text)
val negative = 5
-3
println(negative)
