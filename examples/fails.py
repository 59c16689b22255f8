# A file that fails: the error lands in fails.py.err, the record says `error`.
total = spark.range(10).count()
print(total / 0)
