// fidelity: error 7
case class User(name: String, age: Int)

object User {
  // wrong: a String where an Int is needed
  def make(s: String): User =
    User(s, "thirty")
}

println(User.make("x"))
