# A little more than 1 MB of output.
for n in range(20000):
    print("%06d" % n, "x" * 46)
