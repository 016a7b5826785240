"""What the peers in Python share: the command line of every peer, effects that are counted, CPU time of a whole family."""
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from cluster import cpu_seconds  # noqa: E402

USAGE = "dispatch SLICES WORKERS | latency TIMES | faults SLICES WORKERS MS KILLS | idle WORKERS"


def have_effect(number, ms, effects):
    """What a slice does: nothing, or it takes `ms` and appends its number to a file."""
    if effects:
        time.sleep(ms / 1000)
        with open(effects, "a", encoding="ascii") as file:
            file.write(f"{number}\n")


def kill_later(pid, seconds):
    """kill -9 by a process of its own: the client waits for answers meanwhile."""
    if os.fork() == 0:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        os._exit(0)


def measure(system):
    """Answers the command line.
    @param system  with(workers) as a context whose value has run(count, ms, effects), which returns when all are done, and
                   worker(), the pid of one of them"""
    what, *numbers = sys.argv[1:] or [""]
    if (what, len(numbers)) not in (("dispatch", 2), ("latency", 1), ("faults", 4), ("idle", 1)):
        sys.exit(f"usage: {Path(sys.argv[0]).name} {USAGE}")
    if what == "idle":
        with system(int(numbers[0])) as running:
            running.run(100, 0, "")
            print("ready", flush=True)
            sys.stdin.read()
        return
    count, workers, ms, kills = [*map(int, numbers), 1, 0, 0][:4] if what == "latency" else [*map(int, numbers), 0, 0][:4]
    with tempfile.TemporaryDirectory(prefix="slicebus-bench-") as directory, system(workers) as running:
        running.run(100 * workers, 0, "")  # everybody has run something
        effects = os.path.join(directory, "effects") if what == "faults" else ""
        if kills:
            kill_later(running.worker(), count * ms / 1000 / workers / 2)
        cpu, began = cpu_seconds(os.getpid()), time.monotonic()
        if what == "latency":
            each = []
            for _ in range(count):
                start = time.monotonic()
                running.run(1, 0, "")
                each.append(1000 * (time.monotonic() - start))
            each.sort()
            result = {"times": count, "p50_ms": each[count // 2], "p99_ms": each[count * 99 // 100]}
        else:
            running.run(count, ms, effects)
            result = {"slices": count, "seconds": time.monotonic() - began, "cpu_seconds": cpu_seconds(os.getpid()) - cpu}
        if what == "faults":
            there = Counter(Path(effects).read_text(encoding="ascii").split())
            result |= {"lost": count - len(there), "doubled": sum(there.values()) - len(there)}
    print(json.dumps(result))
