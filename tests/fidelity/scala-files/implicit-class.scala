implicit class Words(s: String) {
  def words: Array[String] = s.trim.split("\\s+")
  def initials: String = words.map(_.head).mkString
}

implicit val indent: Int = 2

def shift(s: String)(implicit by: Int): String =
  " " * by + s

println("ada king lovelace".initials)
println(shift("moved"))
println(shift("moved")(4))
