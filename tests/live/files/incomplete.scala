def half(n: Int) = {
  n / 2
