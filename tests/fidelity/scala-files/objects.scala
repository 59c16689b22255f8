object Config {
  val workers = 4
  object Paths {
    val in = "/in"
    val out = "/out"
  }
  lazy val text: String = {
    println("made once")
    s"$workers ${Paths.in}"
  }
}

import Config.Paths._

println(Config.text)
println(Config.text)
println(in + out)
