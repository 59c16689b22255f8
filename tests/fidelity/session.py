"""A Livy server and one session of it, with the working directory that its driver sees."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIVY = os.path.join(HERE, "..", "livy")
sys.path.insert(0, LIVY)

import livy_client  # noqa: E402


class OwnServer:
    """tests/livy/server, ended with us"""

    def __init__(self, scratch):
        self.home = os.path.join(scratch, "livy")
        # Where its drivers work: Spark takes relative names of files from there.
        self.work = os.path.join(self.home, "work")
        said = subprocess.run([os.path.join(LIVY, "server"), "start", self.home], check=True,
                              stdout=subprocess.PIPE)
        self.url = said.stdout.decode().strip()

    def close(self):
        subprocess.run([os.path.join(LIVY, "server"), "stop", self.home], check=True)


class GivenServer:
    """Somebody else's, on this machine: only what we started is ended"""

    def __init__(self, url, work):
        self.url = url
        self.work = work

    def close(self):
        pass


class WorkingDirectory:
    """What Spark's relative names of files mean: the driver's directory, as it was found, with the data"""

    def __init__(self, path, examples):
        self.path = path
        self.examples = examples
        self.found = set(os.listdir(path)) - {"data"}

    def renew(self):
        for name in set(os.listdir(self.path)) - self.found:
            whole = os.path.join(self.path, name)
            if os.path.isdir(whole) and not os.path.islink(whole):
                shutil.rmtree(whole)
            else:
                os.unlink(whole)
        self.examples.furnish(self.path)


def start_session(url, conf):
    return livy_client.Server(url).start_session("pyspark", conf=conf)
