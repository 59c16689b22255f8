val zero = 0
val never = 1 / zero
