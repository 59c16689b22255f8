def nap(n):
    import time

    time.sleep(60)
    return n


sc.parallelize(range(2), 2).map(nap).count()
