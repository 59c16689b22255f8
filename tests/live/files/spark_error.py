spark.read.csv("/no/such/directory").count()
