println(spark.range(1000).filter("id % 10 = 3").count())
println(sc.parallelize(1 to 10).sum())
