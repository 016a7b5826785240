"""W5: 1,000 slices of 20 ms on two slots, one of which is killed (-9) halfway: the time beyond an undisturbed run just before, and
slices whose effect is missing or there twice. The effect: of Slicebus a file each, of the others a line that the slice appends when it
has run. Who was killed is started again at once by what the system has for it, or else by the measuring program."""
import os
import random
import signal
import time
from collections import Counter

from cluster import LocalCluster
from measuring import Contestant, program, table, take_turns

NAME = "W5 faults"
SLOTS = 2
SLICE_MS = 20


def run(slices, kills):
    """@return seconds from POST to `completed`, slices that are missing, slices that are there again"""
    with LocalCluster(SLOTS) as cluster:
        time.sleep(1)  # the spares have started
        output = cluster.directory / "output"
        began = time.monotonic()
        ex_id = cluster.submit({"name": "faults", "lifecycle": "once", "workers": SLOTS, "operations": [
            {"_op": "data_generator", "size": slices, "slice_size": 1, "seed": 3}, {"_op": "delay", "ms": SLICE_MS},
            {"_op": "file_exporter", "path": str(output), "format": "ldjson"}]})
        if kills:
            time.sleep(slices * SLICE_MS / 1000 / SLOTS / 2)
            os.kill(random.choice(cluster.serving(ex_id)[0]), signal.SIGKILL)
        cluster.wait_until_ended(ex_id, 120, 0.005)
        took = time.monotonic() - began
        effects = Counter(file.name.split(".")[1] for file in output.glob("[!.]*") for _ in file.read_text().splitlines())
        return {"seconds": took, "lost": slices - len(effects), "doubled": sum(effects.values()) - len(effects)}


def with_and_without(measured):
    """@param measured  makes a run, with a kill or without"""
    quiet, struck = measured(False), measured(True)
    lost_work = SLICE_MS / 1000 / SLOTS
    return {"quiet_seconds": quiet["seconds"], "struck_seconds": struck["seconds"],
            "extra_percent": 100 * (struck["seconds"] - lost_work - quiet["seconds"]) / quiet["seconds"],
            "lost": quiet["lost"] + struck["lost"], "doubled": quiet["doubled"] + struck["doubled"]}


def measure(context):
    slices = context.scaled(1000)
    contestants = [Contestant("Slicebus", lambda: with_and_without(lambda kills: run(slices, kills)))]
    for peer in context.peers:
        contestants.append(Contestant(peer.name, lambda peer=peer: with_and_without(
            lambda kills: program(*peer.command, "faults", slices, SLOTS, SLICE_MS, int(kills)))))
    take_turns(contestants, context.rounds)
    return contestants, table(contestants, [
        ("quiet_seconds", "undisturbed, s", ".2f"), ("struck_seconds", "one killed, s", ".2f"), ("extra_percent", "extra, %", ".1f"),
        ("lost", "lost", ".0f"), ("doubled", "doubled", ".0f")]) + "\n\nLimits (M4): below 3 % extra, none lost, none doubled."
