spark.range(5).createOrReplaceTempView("numbers")
val limit = 3
val rows = spark.sql(s"""
  select id,
         case when id % 2 = 0 then 'even' -- a comment of SQL
              else 'odd; really'
         end as kind
  from numbers
  where id < $limit
  order by id
""")

rows.collect().foreach { r =>
  println(s"${r.getLong(0)} ${r.getAs[String]("kind")}")
}
spark.catalog.dropTempView("numbers")
