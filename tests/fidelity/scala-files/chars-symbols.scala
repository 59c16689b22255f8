val quote = '\''
val brace = '{'
val paren = ')'
val dq = '"'
val slash = '\\'
val unicode = '\u00e9'
val sym = 'name
val wide = 'é'
println(List(quote, brace, paren, dq, slash, unicode, wide).mkString(" "))
println(sym.name)
val isBrace = (c: Char) =>
  c == '{' ||
  c == '}'
println("a{b}".filter(isBrace))
