# A picture: picture.py.1.png.
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
rows = spark.range(20).selectExpr("id", "id * id as square").collect()
plt.plot([r["id"] for r in rows], [r["square"] for r in rows])
_ = plt.title("squares, counted by Spark")
%matplot plt
