// fidelity: error 2
def ratio(a: Int, b: Int): Int =
  a / b

println("before")
println(ratio(1, 0))
println("after")
