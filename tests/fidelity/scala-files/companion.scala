class Account(val id: Int, private val cents: Long) {
  def show: String = s"Account $id: ${Account.format(cents)}"
}

// The companion sees what is private, and holds what is implicit.
object Account {
  implicit val byCents: Ordering[Account] = Ordering.by(_.cents)
  private def format(cents: Long): String = f"${cents / 100}%d.${cents % 100}%02d"
}

val accounts = List(new Account(1, 5005), new Account(2, 199))
accounts.sorted.foreach(a => println(a.show))
