val df = spark.range(3)
println(df.count)
// as in a notebook, cell below cell
val df = spark.range(30)
println(df.count)
def f(x: Int) = x + 1
println(f(1))
def f(x: Int) = x + 10
println(f(1))
