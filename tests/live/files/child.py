import subprocess

subprocess.run(["echo", "x"])
