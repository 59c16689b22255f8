# The last part of runner.py, as it stands; before it comes _sparkspool_sources = {name: base64}.


def _sparkspool_prelude():
    import base64
    import sys
    import types
    if "_sparkspool" not in sys.modules:
        loader = types.ModuleType("_sparkspool")
        text = base64.b64decode(_sparkspool_sources["loader"]).decode("utf-8")
        exec(compile(text, "<sparkspool>/loader.py", "exec"), loader.__dict__)
        loader.use(_sparkspool_sources)
        sys.modules["_sparkspool"] = loader
    return sys.modules["_sparkspool"].module("prelude")


def _sparkspool_boot(text):
    print(_sparkspool_prelude().boot(text, globals()))


def _sparkspool_call(text):
    print(_sparkspool_prelude().call(text))


