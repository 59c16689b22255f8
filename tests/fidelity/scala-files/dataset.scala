case class Person(name: String, age: Int)

val people = Seq(
  Person("Ann", 31),
  Person("Bob", 17),
  Person("Cid", 44)
).toDS()

val adults = people
  .filter(_.age >= 18)
  .map(p => p.copy(name = p.name.toUpperCase))

adults.orderBy("name").collect().foreach(println)
println(adults.map(_.age).reduce(_ + _))
