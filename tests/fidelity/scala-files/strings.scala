val name = "Ada"
val plain = "a \"quoted\" { ( [ // no comment /* nor here"
val long = """three "quotes" and a \ and a {
  and a line // no comment
  and four quotes: """"
val nested = s"one ${name.map { c => s"<${c.toInt}>" }.mkString("{", ",", "}")} two"
val braces = s"""${
  // a comment within
  List("}", "{").mkString(s"${"-"}")
} after"""
val fmt = f"${math.Pi}%.3f and ${1 + 1}%03d $$5"
val path = raw"C:\new\table"

println(plain)
println(long)
println(nested)
println(braces)
println(fmt)
println(path)
println("""a
  |margin
  |kept""".stripMargin)
