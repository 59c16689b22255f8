# Gives all tasks a numpy that cannot be imported, and a helper of the same name as helper_two.py does.
import os
import tempfile

from pyspark import SparkContext

sc = SparkContext(appName="poison")
place = tempfile.mkdtemp()
for name, text in (("numpy.py", "raise ImportError('this numpy is poisoned')\n"), ("pandas.py", "1 / 0\n"),
                   ("poisonhelper.py", "WORD = 'one'\n")):
    with open(os.path.join(place, name), "w") as file:
        file.write(text)
    sc.addPyFile(os.path.join(place, name))
print(sc.parallelize(range(4), 4).map(lambda _: __import__("poisonhelper").WORD).distinct().collect())
print("poisoned")
