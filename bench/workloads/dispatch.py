"""W1: how many slices of nothing go through one controller and two slots in a second, each durable before it counts."""
import shutil
import tempfile
import time
from pathlib import Path

from cluster import LocalCluster, cpu_seconds, slices_job
from measuring import Contestant, program, table, take_turns

NAME = "W1 dispatch"
SLOTS = 2
BATCH = 256   # slices in a message of the reference
GROUP = 1000  # slices in a commit of the reference


def per_second(result):
    return {"slices_per_second": result["slices"] / result["seconds"],
            "cpu_per_million": result["cpu_seconds"] / result["slices"] * 1e6}


def slicebus(slices):
    with LocalCluster(SLOTS) as cluster:
        cluster.wait_until_ended(cluster.submit(slices_job(1, SLOTS)), 30, 0.01)
        time.sleep(0.5)  # the next spare controller and slots have started
        cpu, began = cpu_seconds(cluster.process.pid), time.monotonic()
        ex_id = cluster.submit(slices_job(slices, SLOTS))
        cluster.wait_until_ended(ex_id, 900, 0.01)
        took = time.monotonic() - began
        time.sleep(0.5)  # the controller has ended, and its time counts as the master's children's
        return per_second({"slices": slices, "seconds": took, "cpu_seconds": cpu_seconds(cluster.process.pid) - cpu})


def ledger(programs, slices):
    directory = Path(tempfile.mkdtemp(prefix="slicebus-bench-"))
    result = program(programs / "bench-ledger-limit", directory / "ledger.db", slices, GROUP)
    shutil.rmtree(directory)
    return per_second(result)


def measure(context):
    slices = context.scaled(1_000_000)
    contestants = [
        Contestant("Slicebus, all durable", lambda: slicebus(slices)),
        Contestant("limit: messages alone (ROUTER/DEALER, no ledger)",
                   lambda: per_second(program(context.references / "bench-dispatch-limit", slices, BATCH, SLOTS, 1))),
        Contestant("limit: the ledger alone (SQLite, no messages)", lambda: ledger(context.references, slices))]
    for peer in context.peers:
        contestants.append(Contestant(f"{peer.name} (remembers {peer.remembers})", lambda peer=peer: per_second(
            program(*peer.command, "dispatch", max(1, int(slices * peer.share)), SLOTS))))
    take_turns(contestants, context.rounds)
    return contestants, table(contestants, [("slices_per_second", "slices/s", ",.0f"),
                                            ("cpu_per_million", "CPU seconds per million", ".1f")], "slices_per_second")
