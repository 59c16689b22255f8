val left = Seq((1, "a"), (2, "b"), (3, "c")).toDF("id", "l")
val right = Seq((1, "x"), (3, "z")).toDF("id", "r")

left
  .join(right, Seq("id"), "left")
  .orderBy($"id".desc)
  .na.fill("-")
  .show()

val both = left.as("l")
  .join(
    right.as("r"),
    $"l.id" === $"r.id" &&
      $"r" =!= "x"
  )
both.select("l.id", "r").show
