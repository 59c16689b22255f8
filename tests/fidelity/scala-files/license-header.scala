/*
 * Somebody's licence, as it stands at the top of a file.
 * It may say: object Main { package foo; or "quote.
 */

/** Adds.
  *
  * {{{
  * add(1, 2) // 3
  * }}}
  */
def add(a: Int, b: Int): Int = a + b /* trailing,
  over two lines */
println(add(1, 2)) // done
/* between */ println("between") /* and behind */
// last line
