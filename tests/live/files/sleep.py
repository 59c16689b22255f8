import time

print("before")
time.sleep(60)
print("never seen")
