import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

plt.clf()
_ = plt.plot([1, 4, 9])
%matplot plt
