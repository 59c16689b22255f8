"""memory: which runs take more than they may.

On YARN in cluster mode the runs live in the driver's container, and YARN ends the whole container
when its processes together exceed it. Then the largest run is ended first, a little before.
"""

import procs

CONTAINER_SHARE = 0.97  # of the container, from where on a run has to go


def to_end(members, conf):
    """The ids of the runs to be ended. `members` is {id: [pid ...]}."""
    sizes = {}
    if conf["memory_bytes"]:
        for run_id, pids in members.items():
            # Quick to read, and never less than what is asked for.
            if sum(map(procs.rss_bytes, pids)) > conf["memory_bytes"]:
                sizes[run_id] = procs.memory_bytes(pids)
    ended = [run_id for run_id, size in sizes.items() if size > conf["memory_bytes"]]
    if not ended and conf.get("container_bytes") and over_container(conf):
        ended = [max(members, key=lambda run_id: procs.memory_bytes(members[run_id]))]
    return ended


def over_container(conf):
    """YARN counts resident pages of each process, shared ones each time."""
    pids = procs.tree_of([conf["container_pid"]])
    return sum(map(procs.rss_bytes, pids)) > CONTAINER_SHARE * conf["container_bytes"]


def container(settings):
    """Bytes of the driver's container on YARN in cluster mode, or 0 elsewhere."""
    if settings.get("spark.master") != "yarn" or settings.get("spark.submit.deployMode") != "cluster":
        return 0
    heap = mebibytes(settings.get("spark.driver.memory", "1g"))
    overhead = settings.get("spark.driver.memoryOverhead")
    if overhead is None:
        factor = float(settings.get("spark.driver.memoryOverheadFactor", "0.10"))
        overhead = max(384, int(heap * factor))
    else:
        overhead = mebibytes(overhead)
    return (heap + overhead) << 20


def heap_bytes(settings):
    return mebibytes(settings.get("spark.driver.memory", "1g")) << 20


def mebibytes(text):
    """Spark's way to write memory: a bare number is mebibytes."""
    text = text.strip().lower().rstrip("b")
    units = {"k": 1.0 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}
    if text and text[-1] in units:
        return int(float(text[:-1]) * units[text[-1]])
    return int(text or 0)


def warnings(settings, slots, memory_bytes):
    size = container(settings)
    if not size:
        return []
    if not memory_bytes:
        return ["on YARN in cluster mode runs share the driver's container: a limit on a run's memory is needed"]
    room = size - heap_bytes(settings)
    if slots * memory_bytes > room:
        return ["%d slots of %d MB do not fit the %d MB that the driver's container has beside its heap: raise "
                "spark.driver.memoryOverhead to %dm or lower slots" %
                (slots, memory_bytes >> 20, room >> 20, slots * memory_bytes + (1 << 20) - 1 >> 20)]
    return []
