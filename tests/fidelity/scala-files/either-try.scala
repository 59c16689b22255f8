import scala.util.{Try, Success, Failure}

def read(s: String): Either[String, Int] =
  Try(s.toInt) match {
    case Success(n) => Right(n)
    case Failure(e) => Left(e.getClass.getSimpleName)
  }

Seq("1", "x", "3")
  .map(read)
  .foreach {
    case Right(n) => println(s"number $n")
    case Left(why) => println(s"no: $why")
  }
