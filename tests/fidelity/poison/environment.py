# Spoils its own process: environment, modules, locale, signals, directory, descriptors.
import builtins
import locale
import os
import random
import signal
import sys
import warnings

import pyspark
import pyspark.sql

for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "SPARK_HOME", "PATH", "TMPDIR", "PYTHONPATH", "HOME"):
    os.environ[name] = "/nowhere"
os.environ["PYTHONHASHSEED"] = "1"
builtins.print_before, builtins.sum = print, max
pyspark.SparkContext.textFile = None
pyspark.sql.SparkSession.createDataFrame = None
random.seed(1)
sys.path[:] = ["/nowhere"]
sys.setrecursionlimit(100)
warnings.simplefilter("error")
locale.setlocale(locale.LC_ALL, "C")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.umask(0o777)
os.chdir("/")
sys.stdout.write("poisoned\n")
sys.stdout.flush()
os.close(0)
os.close(1)
os.close(2)
os._exit(0)
