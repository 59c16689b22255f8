val größe = 3
val 名前 = "Ada"
val λ = (x: Int) ⇒ x + 1
println(s"$größe $名前 ${λ(1)} → ✓ 😀")
val emoji = "😀\u2713"
println(emoji
  .length)
