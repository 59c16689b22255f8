class Greeter(name: String)
{
  def greet(): Unit =
  {
    println("hello " + name)
  }
}

object Main
{
  def run()
  {
    new Greeter("world").greet()
  }
}

def each(n: Int)(f: Int => Unit): Unit = for (i <- 1 to n) f(i)

each(2)
{ i =>
  println(i)
}

Main.run()
if (true)
{
  println("yes")
}
else
{
  println("no")
}
