"""W3: from the POST of a job of one slice to `completed`, on an idle cluster."""
import time

from cluster import LocalCluster, slices_job
from measuring import Contestant, program, table, take_turns

NAME = "W3 latency"


def slicebus(times):
    """Each job has a controller and a slot that have served no execution: the spares."""
    ms = []
    with LocalCluster(1) as cluster:
        job = slices_job(1, 1)
        for _ in range(times):
            time.sleep(0.7)  # the spares are there again
            began = time.monotonic()
            ex_id = cluster.submit(job)
            cluster.wait_until_ended(ex_id, 30, 0.0005)
            ms.append(1000 * (time.monotonic() - began))
    ms.sort()
    return {"p50_ms": ms[len(ms) // 2], "p99_ms": ms[len(ms) * 99 // 100], "times": times}


def measure(context):
    times = context.scaled(500) // context.rounds
    contestants = [Contestant("Slicebus, a job of its own by REST", lambda: slicebus(times))]
    for peer in context.peers:
        contestants.append(Contestant(f"{peer.name}, a bare task", lambda peer=peer: program(*peer.command, "latency", times)))
    take_turns(contestants, context.rounds)
    return contestants, table(contestants, [("p50_ms", "p50, ms", ".1f"), ("p99_ms", "p99, ms", ".1f")], "p50_ms")
