import scala.util.control.NonFatal

def parse(s: String): Int =
  try {
    s.toInt
  }
  catch {
    case _: NumberFormatException => -1
    case NonFatal(e) =>
      println(e.getMessage)
      -2
  }
  finally {
    println(s"tried $s")
  }

println(parse("12"))
println(parse("twelve"))

try {
  println(10 / parse("0"))
}
catch {
  case e: ArithmeticException => println("caught " + e.getMessage)
}
finally println("done")
