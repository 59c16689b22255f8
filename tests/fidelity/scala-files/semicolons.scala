val a = 1; val b = 2; println(a + b);
val c = List(a, b); c.map(_ + 1)
  .foreach(println)
if (a > b) println("more");
else println("less");
class X(val n: Int); object X { def one = new X(1) }
println(X.one.n);
