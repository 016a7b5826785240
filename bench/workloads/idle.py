"""W4: what a cluster of two slots costs while it has nothing to do; of the others, server and two workers without the client."""
import subprocess
import time

from cluster import Failed, LocalCluster, cpu_seconds, family, kb_of, proportional_set_kb
from measuring import Contestant, table, take_turns

NAME = "W4 idle"
SLOTS = 2


def watched(root, seconds):
    time.sleep(3)  # all have started
    cpu, began = cpu_seconds(root), time.monotonic()
    time.sleep(seconds)
    share = (cpu_seconds(root) - cpu) / (time.monotonic() - began)
    return {"pss_mb": proportional_set_kb(root) / 1024, "cpu_percent": 100 * share, "processes": len(family(root))}


def slicebus(seconds):
    with LocalCluster(SLOTS) as cluster:
        return watched(cluster.process.pid, seconds)


def other(command, seconds):
    with subprocess.Popen([*map(str, command), "idle", str(SLOTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        try:
            if not any(line.strip() == "ready" for line in client.stdout):
                raise Failed(f"{command[-1]} does not start")
            result = watched(client.pid, seconds)
            result["pss_mb"] -= kb_of(client.pid, "smaps_rollup", "Pss") / 1024
            result["processes"] -= 1
            return result
        finally:
            client.stdin.close()


def measure(context):
    seconds = max(5, context.scaled(60))
    contestants = [Contestant("Slicebus, with the spares and `slicebus local`", lambda: slicebus(seconds))]
    contestants += [Contestant(peer.name, lambda peer=peer: other(peer.command, seconds / 4)) for peer in context.peers]
    take_turns(contestants, context.rounds)
    return contestants, table(contestants, [("pss_mb", "proportional set size, MB", ".1f"),
                                            ("cpu_percent", "of one CPU, %", ".2f"), ("processes", "processes", ".0f")])
