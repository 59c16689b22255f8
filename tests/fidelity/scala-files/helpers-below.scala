class Report(rows: Seq[Row0]) {
  def text: String = rows.map(line).mkString("\n")
  private def line(r: Row0) = pad(r.name) + r.n
}

case class Row0(name: String, n: Int)

def pad(s: String): String = s.padTo(8, '.')

println(new Report(Seq(Row0("one", 1), Row0("three", 3))).text)
