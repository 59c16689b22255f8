import scala.annotation.tailrec

@tailrec
def gcd(a: Int, b: Int): Int =
  if (b == 0) a
  else gcd(b, a % b)

@SerialVersionUID(1L)
// it travels
class Box(val n: Int)
  extends Serializable
  with Ordered[Box] {
  override def compare(that: Box): Int =
    n.compare(that.n)
}

@volatile
var flag = gcd(12, 18)
println(flag)
println(new Box(1) < new Box(2))
