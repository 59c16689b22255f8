# The simplest file.
print("hello")
print("two", 2, sep="-")
