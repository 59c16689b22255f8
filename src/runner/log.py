"""log: words for whoever looks into the zygote's log.

They may find no place: a file that fills the driver's disk must not end, by that, whoever has a word
on it, and with him all the files of the session.
"""

import os
import traceback


def say(text):
    try:
        os.write(2, (text + "\n").encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def say_error():
    """The one that is being handled."""
    say(traceback.format_exc())
