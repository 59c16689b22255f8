# A Python file: `spark` is there, warm; what it prints becomes count.py.out.
words = ["spool", "spark", "spool", "livy", "spark", "spool"]
counts = spark.createDataFrame([(w,) for w in words], ["word"]).groupBy("word").count()
for row in sorted(counts.collect(), key=lambda r: (-r["count"], r["word"])):
    print(f"{row['word']:8} {row['count']}")
