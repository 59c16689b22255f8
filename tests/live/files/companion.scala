class Account(private val cents: Long) {
  def show = Account.format(cents)
}

// Beside it.
object Account {
  private def format(cents: Long) = f"${cents / 100}%d.${cents % 100}%02d"
}
def even(n: Int): Boolean = n == 0 || odd(n - 1)
def odd(n: Int): Boolean = n != 0 && even(n - 1)
println(new Account(1205).show)
println(even(10))
