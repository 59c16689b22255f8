import time

time.sleep(4)
print("slow, but once")
