#!/usr/bin/env python3
"""What failures cost: see README.md. Prints tables in Markdown, and the numbers behind them with --json."""
import argparse
import json
import os
import random
import re
import signal
import statistics
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from cluster import PROGRAMS, Failed, LocalCluster, family

SLOTS = 4
SLICE_MS = 20
BEGUN = re.compile(r"ts=(\S+)Z .*event=(slice_begun|slice_ended) .*ex=(\S+) slice=(\S+) fence=(\d+)\.(\d+)")


def job(slices, **extra):
    return {"name": "faults", "workers": SLOTS, **extra, "operations": [
        {"_op": "data_generator", "size": slices * 10, "slice_size": 10, "seed": 3},
        {"_op": "delay", "ms": SLICE_MS}, {"_op": "noop"}]}


def run_until(cluster, ex_id, slices):
    cluster.wait("the job's beginning", 60,
                 lambda: len(cluster.serving(ex_id)[0]) == cluster.slots and cluster.processed(ex_id) >= slices)


def events_of(cluster, ex_id, *logs):
    """(time, event, slice, (epoch, number)) of what slots have logged, in order of time."""
    events = []
    for name in logs or ("data/logs/slicebus-worker.log",):
        for line in (cluster.directory / name).read_text(errors="replace").splitlines():
            match = BEGUN.search(line)
            if match and match[3] == ex_id:
                moment = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc).timestamp()
                events.append((moment, match[2], match[4], (int(match[5]), int(match[6]))))
    return sorted(events)


# ---- throughput while slots are killed ------------------------------------------------------------------------------


def timed_run(cluster, slices, chance, kills):
    """Slices per second from the first controller statistics on; with `kills`, a slot dies each second."""
    began = time.monotonic()
    ex_id = cluster.submit(job(slices))
    killed, next_kill = 0, began + 1
    while cluster.status(ex_id) != "completed":
        if kills and time.monotonic() >= next_kill:
            slots = cluster.serving(ex_id)[0]
            if slots:
                try:
                    os.kill(chance.choice(slots), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass  # it was the last one's
            next_kill += 1
        time.sleep(0.05)
        if time.monotonic() > began + 600:
            raise Failed(f"a run takes longer than 10 minutes; see {cluster.logs}")
    return slices / (time.monotonic() - began), killed


def throughput(cluster, runs, slices, chance):
    quiet, struck, killed = [], [], 0
    timed_run(cluster, slices // 4, chance, False)  # warm
    for _ in range(runs):
        quiet.append(timed_run(cluster, slices, chance, False)[0])
        rate, kills = timed_run(cluster, slices, chance, True)
        struck.append(rate)
        killed += kills
    cost = 1 - statistics.median(struck) / statistics.median(quiet)
    return {"undisturbed": quiet, "struck": struck, "killed": killed, "cost": cost}


# ---- times from a kill to the next thing that works -----------------------------------------------------------------


def begun_again(events, struck_at):
    """Times from `struck_at` to the second beginning of slices that were running then."""
    running, times = {}, []
    for moment, event, slice_id, fence in events:
        if event == "slice_ended":
            running.pop(slice_id, None)
        elif slice_id in running and running[slice_id] <= struck_at < moment:
            times.append(moment - struck_at)
            running[slice_id] = moment
        else:
            running[slice_id] = moment
    return times


def after_slot_kill(cluster, count, chance):
    ex_id = cluster.submit(job(10**6, log_level="debug"))
    run_until(cluster, ex_id, 200)
    kills = []
    for _ in range(count):
        slots = cluster.wait("all slots", 30, lambda: (lambda s: s if len(s) == SLOTS else None)(cluster.serving(ex_id)[0]))
        time.sleep(chance.uniform(0.8, 1.2))
        kills.append(time.time())
        os.kill(chance.choice(slots), signal.SIGKILL)
        time.sleep(0.5)
    events = events_of(cluster, ex_id)
    cluster.stop_execution(ex_id)
    return [again for kill in kills for again in begun_again(events, kill)[:1]]


def after_machine_loss(cluster, count, chance, how):
    """All of the second machine at once. SIGSTOP: it says nothing any more, its connections stay, as with a cut cable or a
    dead kernel. SIGKILL: its connections end, and nobody starts it again."""
    times = []
    for _ in range(count):
        second = cluster.add_machine("second", cluster.programs / "slicebus-worker", "--broker", cluster.broker(),
                                     "--node-id", "second", "--slots", 2)
        ex_id = cluster.submit({**job(10**6, log_level="debug"), "workers": SLOTS + 2})
        cluster.wait("both machines", 60, lambda: len(cluster.serving(ex_id)[0]) == SLOTS + 2)
        time.sleep(chance.uniform(1.5, 2.5))
        # The agent first, or it would tell of its slots' deaths before its own.
        victims = sorted(family(second.pid), key=lambda pid: pid != second.pid)
        lost_at = time.time()
        for pid in victims:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass  # slots die with their agent
        time.sleep(8)
        events = events_of(cluster, ex_id, "data/logs/slicebus-worker.log", "second.log")
        times += begun_again(events, lost_at)
        for pid in victims if how == signal.SIGSTOP else ():
            os.kill(pid, signal.SIGKILL)
        cluster.machines.pop("second").wait()
        cluster.stop_execution(ex_id)
    return times


def next_assignment(events, epoch, struck_at):
    """Time to the first beginning under a later epoch than those before."""
    return next((moment - struck_at for moment, event, _, fence in events
                 if event == "slice_begun" and fence[0] > epoch and moment > struck_at), None)


def after_kill_of(cluster, count, chance, master):
    ex_id = cluster.submit(job(10**6, log_level="debug"))
    run_until(cluster, ex_id, 200)
    kills, answers = [], []
    for _ in range(count):
        victims = cluster.pids("slicebus-master --") if master else cluster.serving(ex_id)[1]
        epoch = max(fence[0] for _, event, _, fence in events_of(cluster, ex_id))
        struck_at = time.time()
        kills.append((struck_at, epoch))
        os.kill(victims[0], signal.SIGKILL)
        if master:
            while cluster.answers() is None:
                time.sleep(0.005)
            answers.append(time.time() - struck_at)
        cluster.wait("the next assignment", 30,
                     lambda: next_assignment(events_of(cluster, ex_id), epoch, struck_at) is not None)
        # Its progress is what resets the back-off of the next start.
        time.sleep(chance.uniform(2.5, 3.5) + (10 if master else 0))
        cluster.wait("all slots", 30, lambda: len(cluster.serving(ex_id)[0]) == SLOTS)
    events = events_of(cluster, ex_id)
    cluster.stop_execution(ex_id)
    return [next_assignment(events, epoch, kill) for kill, epoch in kills], answers


# ---- the report -----------------------------------------------------------------------------------------------------


def row(name, times, limit):
    ms = sorted(1000 * t for t in times)
    middle, worst = statistics.median(ms), ms[-1]
    print(f"| {name} | {len(ms)} | {ms[0]:.0f} ms | {middle:.0f} ms | {worst:.0f} ms | {limit * 1000:.0f} ms |", flush=True)
    return middle < limit * 1000


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bin", type=Path, default=PROGRAMS, help="the programs")
    options.add_argument("--runs", type=int, default=5, help="pairs of a run without and one with kills")
    options.add_argument("--slices", type=int, default=4000, help="of each run")
    options.add_argument("--kills", type=int, default=20, help="of slots; half as many of controllers and masters")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=("rate", "slot", "machine", "controller", "master"))
    options.add_argument("--json", type=Path, help="file for the results")
    chosen = options.parse_args()
    chance = random.Random(chosen.seed)
    wanted = lambda part: chosen.only in (None, part)
    results, missed = {}, []
    try:
        with LocalCluster(SLOTS, chosen.bin.resolve()) as cluster:
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {SLOTS} slots, slices of {SLICE_MS} ms\n")
            if wanted("rate"):
                rate = results["rate"] = throughput(cluster, chosen.runs, chosen.slices, chance)
                print("| rate, slices/s | runs | lowest | median | highest |\n|---|---|---|---|---|")
                for name in ("undisturbed", "struck"):
                    rates = sorted(rate[name])
                    title = name if name == "undisturbed" else f"a slot killed each second ({rate['killed']} in all)"
                    print(f"| {title} | {len(rates)} | {rates[0]:.1f} | {statistics.median(rates):.1f} | {rates[-1]:.1f} |")
                print(f"\nThe kills cost {rate['cost'] * 100:.1f} % (limit 15 %).\n", flush=True)
                missed += ["rate"] if rate["cost"] >= 0.15 else []
            print("| time from | times | least | median | most | limit of the median |\n|---|---|---|---|---|---|")
            if wanted("slot"):
                times = results["slot"] = after_slot_kill(cluster, chosen.kills, chance)
                missed += [] if row("kill -9 of a slot to its slice running elsewhere", times, 0.1) else ["slot"]
            if wanted("machine"):
                rounds = max(2, chosen.kills // 5)
                times = results["machine"] = after_machine_loss(cluster, rounds, chance, signal.SIGSTOP)
                missed += [] if row("silence of a machine to its slices running elsewhere", times, 5) else ["machine"]
                times = results["machine killed"] = after_machine_loss(cluster, rounds, chance, signal.SIGKILL)
                missed += [] if row("kill -9 of a machine's agent and slots to its slices running elsewhere", times, 5) else ["machine killed"]
            if wanted("controller"):
                times, _ = after_kill_of(cluster, chosen.kills // 2, chance, False)
                results["controller"] = times
                missed += [] if row("kill -9 of the controller to the next assignment", times, 1) else ["controller"]
            if wanted("master"):
                times, answers = after_kill_of(cluster, chosen.kills // 2, chance, True)
                results["master"], results["rest"] = times, answers
                missed += [] if row("kill -9 of the master to an answer of REST", answers, 2) else ["REST"]
                missed += [] if row("kill -9 of the master to the next assignment", times, 2) else ["master"]
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    if chosen.json:
        chosen.json.write_text(json.dumps(results) + "\n")
    sys.exit(f"FAILED: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
