

print("one\n\n")
print()

