# Another helper under the name that helper_one.py took: each must get its own.
import os
import tempfile

from pyspark import SparkContext, SparkFiles

sc = SparkContext(appName="poison")
place = tempfile.mkdtemp()
path = os.path.join(place, "poisonhelper.py")
with open(path, "w") as file:
    file.write("WORD = 'two'\n")
sc.addPyFile(path)
with open(os.path.join(place, "poison.txt"), "w") as file:
    file.write("two\n")
sc.addFile(os.path.join(place, "poison.txt"))
words = sc.parallelize(range(4), 4).map(lambda _: __import__("poisonhelper").WORD).distinct().collect()
assert words == ["two"], words
texts = sc.parallelize(range(4), 4).map(lambda _: open(SparkFiles.get("poison.txt")).read()).distinct().collect()
assert texts == ["two\n"], texts
print("poisoned")
