# Dies by a signal in the middle of everything.
# exit code 139
import os
import signal
import subprocess
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.range(1000).cache().count()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True,
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("poisoned")
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGSEGV)
