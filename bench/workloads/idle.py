"""W4: what a cluster of two slots costs while it has nothing to do."""
import time

from cluster import LocalCluster, cpu_seconds, family, proportional_set_kb
from measuring import Contestant, table, take_turns

NAME = "W4 idle"


def slicebus(seconds):
    with LocalCluster(2) as cluster:
        time.sleep(3)  # the spares have started
        starter = cluster.process.pid
        cpu, began = cpu_seconds(starter), time.monotonic()
        time.sleep(seconds)
        share = (cpu_seconds(starter) - cpu) / (time.monotonic() - began)
        return {"pss_mb": proportional_set_kb(starter) / 1024, "cpu_percent": 100 * share, "processes": len(family(starter))}


def measure(context):
    seconds = max(5, context.scaled(60))
    contestants = [Contestant("Slicebus, with the spares and `slicebus local`", lambda: slicebus(seconds))]
    take_turns(contestants, context.rounds)
    return contestants, table(contestants, [("pss_mb", "proportional set size, MB", ".1f"),
                                            ("cpu_percent", "of one CPU, %", ".2f"), ("processes", "processes", ".0f")])
