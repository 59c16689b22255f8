numbers = sc.parallelize(range(100), 4)
numbers.map(lambda n: n * n).reduce(lambda a, b: a + b)
