val items = List("one", "two")
val page = <ul class="list">
  {
    items.map { i =>
      <li>{i}</li>
    }
  }
  <!-- a comment with { a brace -->
</ul>

println((page \ "li")
  .map(_.text)
  .mkString(","))
val empty = <br/>
println(empty)
println(1 < 2 && 3 <4)
