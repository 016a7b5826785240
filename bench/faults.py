#!/usr/bin/env python3
"""What failures cost: see README.md. Prints tables in Markdown, and the numbers behind them with --json."""
import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
SLOTS = 4
SLICE_MS = 20
BEGUN = re.compile(r"ts=(\S+)Z .*event=(slice_begun|slice_ended) .*ex=(\S+) slice=(\S+) fence=(\d+)\.(\d+)")


def job(slices, **extra):
    return {"name": "faults", "workers": SLOTS, **extra, "operations": [
        {"_op": "data_generator", "size": slices * 10, "slice_size": 10, "seed": 3},
        {"_op": "delay", "ms": SLICE_MS}, {"_op": "noop"}]}


def processes():
    """pid to (parent, command line) of everything that lives."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
                command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found[int(entry.name)] = (parent, command)
            except (OSError, IndexError, ValueError):
                pass
    return found


class Cluster:
    """`slicebus local` in a directory of its own; its processes are found under it."""

    def __init__(self, programs, directory):
        self.programs, self.directory = programs, directory
        reader, writer = os.pipe()
        with open(directory / "local.log", "ab") as log:
            self.local = subprocess.Popen([programs / "slicebus", "local", "--rest-port", "0", "--data",
                                           directory / "data", "--slots", str(SLOTS), "--ready-fd", str(writer)],
                                          stdout=log, stderr=log, cwd=directory, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as ready:
            said = ready.readline().split()
        if len(said) != 2:
            sys.exit(f"FAILED: slicebus local does not start; see {directory}/local.log")
        self.port = int(said[1])
        self.second = None

    def stop(self):
        for child in filter(None, (self.second, self.local)):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(40)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start_second_machine(self, slots):
        """An agent that `slicebus local` does not know; its output is the second log."""
        worker = self.pids("slicebus-worker --")[0]
        command = processes()[worker][1].split()
        broker = command[command.index("--broker") + 1]
        with open(self.directory / "second.log", "ab") as log:
            self.second = subprocess.Popen([self.programs / "slicebus-worker", "--broker", broker, "--node-id", "second",
                                            "--slots", str(slots)], stdout=log, stderr=log, cwd=self.directory)

    def family(self, root):
        everyone = processes()
        family, grown = {root}, True
        while grown:
            more = {pid for pid, (parent, _) in everyone.items() if parent in family} - family
            grown = bool(more)
            family |= more
        return {pid: everyone[pid][1] for pid in family if pid in everyone}

    def pids(self, begins):
        return [pid for pid, command in self.family(self.local.pid).items() if command.startswith(begins)]

    def request(self, target, body=None, timeout=5):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{target}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=timeout) as answer:
                return json.load(answer)
        except (OSError, urllib.error.HTTPError, ValueError):
            return None

    def submit(self, body):
        posted = self.request("/v1/jobs", body, 30)
        if posted is None:
            sys.exit(f"FAILED: the job is refused; logs in {self.directory}")
        return posted["ex_id"]

    def wait(self, what, seconds, condition):
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                sys.exit(f"FAILED: {what} took longer than {seconds} s; logs in {self.directory}")
            time.sleep(0.02)

    def status(self, ex_id):
        return (self.request(f"/v1/ex/{ex_id}") or {}).get("_status")

    def serving(self, ex_id):
        """Slots and controller of an execution, as the cluster state lists them."""
        state = self.request("/v1/cluster/state") or {}
        entries = [entry for node in state.values() for entry in node["active"] if entry.get("ex_id") == ex_id]
        return ([entry["pid"] for entry in entries if entry["assignment"] == "worker"],
                [entry["pid"] for entry in entries if entry["assignment"] == "execution_controller"])

    def processed(self, ex_id):
        told = self.request(f"/v1/ex/{ex_id}/controller")
        return told[0]["processed"] if told else 0

    def run_until(self, ex_id, slices):
        self.wait("the job's beginning", 60,
                  lambda: len(self.serving(ex_id)[0]) == SLOTS and self.processed(ex_id) >= slices)

    def stop_execution(self, ex_id):
        self.request(f"/v1/ex/{ex_id}/_stop", {}, 60)
        self.wait("a stop", 60, lambda: self.status(ex_id) in ("stopped", "completed"))

    def slices(self, ex_id, *logs):
        """(time, event, slice, (epoch, number)) of what slots have logged, in order of time."""
        events = []
        for name in logs or ("data/logs/slicebus-worker.log",):
            for line in (self.directory / name).read_text(errors="replace").splitlines():
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
            sys.exit(f"FAILED: a run takes longer than 10 minutes; logs in {cluster.directory}")
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
    cluster.run_until(ex_id, 200)
    kills = []
    for _ in range(count):
        slots = cluster.wait("all slots", 30, lambda: (lambda s: s if len(s) == SLOTS else None)(cluster.serving(ex_id)[0]))
        time.sleep(chance.uniform(0.8, 1.2))
        kills.append(time.time())
        os.kill(chance.choice(slots), signal.SIGKILL)
        time.sleep(0.5)
    events = cluster.slices(ex_id)
    cluster.stop_execution(ex_id)
    return [again for kill in kills for again in begun_again(events, kill)[:1]]


def after_machine_loss(cluster, count, chance, how):
    """All of the second machine at once. SIGSTOP: it says nothing any more, its connections stay, as with a cut cable or a
    dead kernel. SIGKILL: its connections end, and nobody starts it again."""
    times = []
    for _ in range(count):
        cluster.start_second_machine(2)
        ex_id = cluster.submit({**job(10**6, log_level="debug"), "workers": SLOTS + 2})
        cluster.wait("both machines", 60, lambda: len(cluster.serving(ex_id)[0]) == SLOTS + 2)
        time.sleep(chance.uniform(1.5, 2.5))
        # The agent first, or it would tell of its slots' deaths before its own.
        family = sorted(cluster.family(cluster.second.pid), key=lambda pid: pid != cluster.second.pid)
        lost_at = time.time()
        for pid in family:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass  # slots die with their agent
        time.sleep(8)
        events = cluster.slices(ex_id, "data/logs/slicebus-worker.log", "second.log")
        times += begun_again(events, lost_at)
        for pid in family if how == signal.SIGSTOP else ():
            os.kill(pid, signal.SIGKILL)
        cluster.second.wait()
        cluster.second = None
        cluster.stop_execution(ex_id)
    return times


def next_assignment(events, epoch, struck_at):
    """Time to the first beginning under a later epoch than those before."""
    return next((moment - struck_at for moment, event, _, fence in events
                 if event == "slice_begun" and fence[0] > epoch and moment > struck_at), None)


def after_kill_of(cluster, count, chance, master):
    ex_id = cluster.submit(job(10**6, log_level="debug"))
    cluster.run_until(ex_id, 200)
    kills, answers = [], []
    for _ in range(count):
        victims = cluster.pids("slicebus-master --") if master else cluster.serving(ex_id)[1]
        epoch = max(fence[0] for _, event, _, fence in cluster.slices(ex_id))
        struck_at = time.time()
        kills.append((struck_at, epoch))
        os.kill(victims[0], signal.SIGKILL)
        if master:
            while cluster.request("/", timeout=0.5) is None:
                time.sleep(0.005)
            answers.append(time.time() - struck_at)
        cluster.wait("the next assignment", 30,
                     lambda: next_assignment(cluster.slices(ex_id), epoch, struck_at) is not None)
        # Its progress is what resets the back-off of the next start.
        time.sleep(chance.uniform(2.5, 3.5) + (10 if master else 0))
        cluster.wait("all slots", 30, lambda: len(cluster.serving(ex_id)[0]) == SLOTS)
    events = cluster.slices(ex_id)
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
    options.add_argument("--bin", type=Path, default=SOURCE / "build" / "release" / "bin", help="the programs")
    options.add_argument("--runs", type=int, default=5, help="pairs of a run without and one with kills")
    options.add_argument("--slices", type=int, default=4000, help="of each run")
    options.add_argument("--kills", type=int, default=20, help="of slots; half as many of controllers and masters")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=("rate", "slot", "machine", "controller", "master"))
    options.add_argument("--json", type=Path, help="file for the results")
    chosen = options.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="slicebus-faults-"))
    chance = random.Random(chosen.seed)
    cluster = Cluster(chosen.bin.resolve(), directory)
    wanted = lambda part: chosen.only in (None, part)
    results, missed = {}, []
    try:
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
    finally:
        cluster.stop()
    shutil.rmtree(directory)
    if chosen.json:
        chosen.json.write_text(json.dumps(results) + "\n")
    sys.exit(f"FAILED: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
