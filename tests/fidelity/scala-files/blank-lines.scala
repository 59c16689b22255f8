

val a = List(3, 1, 2)


  .sorted



  .reverse


println(a)
def f(x: Int)
     (y: Int): Int = {


  x +
    y


}

println(f(1)(2))


