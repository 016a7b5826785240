#!/usr/bin/env python3
"""What memory processes need as slices pass, and while slots do not go on: see README.md. Prints tables in Markdown."""
import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from cluster import PROGRAMS, Failed, LocalCluster, resident_kb
from faults import SLOTS, run_until

KINDS = {"controller": "slicebus-master controller", "slots, each at most": "slicebus-worker slot",
         "master": "slicebus-master --", "broker": "slicebus-broker", "agent": "slicebus-worker --"}


def sizes(cluster, ex_id):
    """Resident kB of each kind of process that serves the execution; spares are left out."""
    slots, controllers = cluster.serving(ex_id)
    found = {kind: [pid for pid in cluster.pids(begins)] for kind, begins in KINDS.items()}
    found["controller"] = controllers
    found["slots, each at most"] = slots
    return {kind: max(map(resident_kb, pids), default=0) for kind, pids in found.items()}


def table(rows):
    print("| " + " | ".join(["", *KINDS]) + " |\n|---" + "|---" * len(KINDS) + "|")
    for name, row in rows:
        print(f"| {name} | " + " | ".join(f"{row[kind] / 1024:.1f} MiB" for kind in KINDS) + " |", flush=True)


def by_slices(cluster, slices, records):
    """One execution of more than so many slices; sizes at powers of ten from 10,000 on, while it is paused: a beat tells the count once
    a second. Of slices of one record half a million are done in that time, so they have some more."""
    ex_id = cluster.submit({"name": "memory", "workers": SLOTS, "operations": [
        {"_op": "data_generator", "size": slices * 2 * records, "slice_size": records, "seed": 1, "stress_test": True}, {"_op": "noop"}]})
    began, rows = time.monotonic(), []
    for at in [*(10**power for power in range(4, 18) if 10**power < slices), slices]:
        cluster.wait(f"{at:,} slices", 3600, lambda at=at: cluster.processed(ex_id) >= at, 0.02)
        cluster.request(f"/ex/{ex_id}/_pause", {})
        cluster.wait("the pause", 60, lambda: cluster.status(ex_id) == "paused", 0.05)
        time.sleep(1.5)  # the count of the next beat is that of the pause
        rows.append((f"{cluster.processed(ex_id):,} slices done", sizes(cluster, ex_id)))
        print(f"{rows[-1][0]} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        cluster.request(f"/ex/{ex_id}/_resume", {})
    cluster.request(f"/ex/{ex_id}/_stop", {})
    table(rows)
    first, last = rows[0][1]["controller"], rows[-1][1]["controller"]
    print(f"\nThe controller grew by {100 * (last / first - 1):.1f} % (limit 20 %).\n", flush=True)
    return last < first * 1.2


def under_pressure(cluster, seconds):
    """Requests of about a megabyte without end, slots that take a second for each; two of them freeze."""
    requests = cluster.directory / "requests.json"
    requests.write_text(json.dumps([{"n": n, "text": chr(97 + n) * 1_000_000} for n in range(8)]))
    ex_id = cluster.submit({"name": "pressure", "workers": SLOTS, "lifecycle": "persistent", "operations": [
        {"_op": "test-reader", "slicer_data_file_path": str(requests)}, {"_op": "delay", "ms": 1000}, {"_op": "noop"}]})
    run_until(cluster, ex_id, 4)
    rows = []

    def most(name, of_seconds):
        peaks = dict.fromkeys(KINDS, 0)
        end = time.monotonic() + of_seconds
        while time.monotonic() < end:
            for kind, size in sizes(cluster, ex_id).items():
                peaks[kind] = max(peaks[kind], size)
            time.sleep(0.1)
        queued = (cluster.answers(f"/ex/{ex_id}/controller", 5) or [{"queued": "?"}])[0]["queued"]
        rows.append((f"{name}, {queued} slices queued", peaks))

    most("slow slots", seconds)
    frozen = cluster.serving(ex_id)[0][:2]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    most("two of them frozen", seconds)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    most("awake again", seconds)
    cluster.stop_execution(ex_id)
    table(rows)
    return max(row["controller"] for _, row in rows) < 512 * 1024 and max(row["slots, each at most"] for _, row in rows) < 128 * 1024


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--slices", type=int, default=10_000_000)
    options.add_argument("--records", type=int, default=500, help="of each slice")
    options.add_argument("--seconds", type=float, default=20, help="of each state under pressure")
    options.add_argument("--bin", type=Path, default=PROGRAMS)
    options.add_argument("--only", choices=["slices", "pressure"])
    given = options.parse_args()
    good = True
    try:
        with LocalCluster(SLOTS, given.bin.resolve()) as cluster:
            if given.only != "pressure":
                good = by_slices(cluster, given.slices, given.records)
            if given.only != "slices":
                good = under_pressure(cluster, given.seconds) and good
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    sys.exit(0 if good else "FAILED: beyond the limits")


if __name__ == "__main__":
    main()
