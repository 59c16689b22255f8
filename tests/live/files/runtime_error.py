print("lost, as Livy keeps nothing of what was printed before an error")


def f(d):
    return d["missing"]


f({})
