trait Named {
  def name: String
}

trait Loud extends Named {
  abstract override def name: String = super.name.toUpperCase
}

class Dog
  extends Named {
  def name = "dog"
}

val d = new Dog
  with Loud
println(d.name)

val anon = new Named {
  val name = "anonymous"
}
println(anon.name)
