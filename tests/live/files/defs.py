import functools


def twice(f):
    @functools.wraps(f)
    def both(*args):

        # A blank line and a comment within a function.
        return f(f(*args))

    return both


class Counter:
    """Counts."""

    def __init__(self, start=0):
        self.value = start

    @twice
    def __call__(self_or_value):
        return self_or_value


@twice
def add_one(n):
    return n + 1


text = """a text
    of several lines
"""
for n in range(3):
    if n % 2:
        print("odd", n)
    else:
        print("even", add_one(n))
print(text, end="")
print(Counter(7).value, [
    1,
    2,
])
