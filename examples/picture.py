# A picture: picture.py.1.png. What is drawn by the end of a file becomes one by itself.
import matplotlib.pyplot as plt
rows = spark.range(20).selectExpr("id", "id * id as square").collect()
plt.plot([r["id"] for r in rows], [r["square"] for r in rows])
plt.title("squares, counted by Spark")
