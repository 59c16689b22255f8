// A comment first.
def twice(n: Int): Int = {

  n * 2
}
/* one of
   two lines */
println(twice(21))
