"""W7: whether size costs: the rate and the controller's memory against the slices of an execution, latencies of the API against the
jobs that are stored and the executions that run. Each measurement has a cluster of its own."""
import os
import statistics
import time

from cluster import LocalCluster, kb_of, slices_job
from loading import latencies, of_sorted, store_executions
from measuring import Contestant, take_turns

NAME = "W7 growth"
SLICES = (10**4, 10**5, 10**6, 10**7)
STORED = (10, 100, 1_000, 10_000, 100_000)
RUNNING = (1, 10, 50, 200)
REQUESTS = 100  # of each kind in a turn
POSTS = 20
LIMIT_RATE, LIMIT_LATENCY = 0.9, 1.5


def by_slices(slices):
    """The memory is the most that the controller ever had; it is a spare before."""
    with LocalCluster(2) as cluster:
        cluster.wait_until_ended(cluster.submit(slices_job(1, 2)), 30, 0.01)
        time.sleep(1)  # the next spares have started
        controllers = set(cluster.pids("slicebus-master controller"))
        peak, began = 0, time.monotonic()
        ex_id = cluster.submit(slices_job(slices, 2))
        while cluster.status(ex_id) in (None, "pending", "scheduling", "initializing", "running"):
            peak = max([peak, *(kb_of(pid, "status", "VmHWM") for pid in controllers)])
            time.sleep(0.005)
        took = time.monotonic() - began
        cluster.wait_until_ended(ex_id, 1, 0.01)
        return {"slices_per_second": slices / took, "mb": peak / 1024}


def from_each_cpu(*arguments):
    """The median in ms of latencies(), asked from each CPU in turn, where it is least: whether asker and master wake each other
    on one CPU or across two is chance, lasts for a whole turn, and makes 0.03 ms."""
    allowed = os.sched_getaffinity(0)
    try:
        medians = []
        for cpu in allowed:
            os.sched_setaffinity(0, {cpu})
            medians.append(of_sorted(latencies(*arguments), 0.5))
        return min(medians)
    finally:
        os.sched_setaffinity(0, allowed)


def asked(cluster, ex_id):
    """Status of an execution, the two lists' first pages, a POST of a job that is only stored."""
    job = {**slices_job(10, 1), "name": "posted"}
    return {"status_ms": from_each_cpu(cluster, REQUESTS, f"/ex/{ex_id}"), "jobs_ms": from_each_cpu(cluster, REQUESTS, "/jobs?size=10"),
            "running_ms": from_each_cpu(cluster, REQUESTS, "/ex?status=running&size=10"),
            "post_ms": from_each_cpu(cluster, POSTS, "/jobs?start=false", job)}


def by_stored(count):
    with LocalCluster(1) as cluster:
        store_executions(cluster, count)
        ex_id = cluster.submit(slices_job(1, 1))
        cluster.wait_until_ended(ex_id, 30, 0.01)
        return asked(cluster, ex_id)


def by_running(count):
    """Each has a slot in a delay of an hour. As many jobs are stored whatever the count is."""
    with LocalCluster(count) as cluster:
        store_executions(cluster, max(RUNNING))
        job = {"name": "runs", "lifecycle": "once", "workers": 1, "operations": [
            {"_op": "data_generator", "size": 10, "slice_size": 10}, {"_op": "delay", "ms": 3_600_000}, {"_op": "noop"}]}
        ex_ids = [cluster.submit(job) for _ in range(count)]
        cluster.wait(f"{count} running executions", 300,
                     lambda: len(cluster.request(f"/ex?status=running&size={count}")) == count, 0.2)
        time.sleep(2)  # the next spares have started
        return asked(cluster, ex_ids[0])


def lines_of(sizes, contestants, figures, title):
    """A row for each size, and how the last one compares with the first."""
    def middle(size, key):
        return statistics.median(result[key] for result in contestants[size].results)
    rows = [f"| {title} | " + " | ".join(name for _, name, _ in figures) + " |", "|---" * (len(figures) + 1) + "|"]
    rows += [f"| {size:,} | " + " | ".join(f"{middle(size, key):{form}}" for key, _, form in figures) + " |" for size in sizes]
    rows.append("| last of first | " + " | ".join(f"{middle(sizes[-1], key) / middle(sizes[0], key):.2f} ×" for key, _, _ in figures) + " |")
    return rows


def measure(context):
    slices = [size for size in SLICES if size <= context.scaled(SLICES[-1])] or [SLICES[0]]
    stored = [size for size in STORED if size <= max(100, context.scaled(STORED[-1]))]
    running = [size for size in RUNNING if size <= max(10, context.scaled(RUNNING[-1]))]
    of_slices = {size: Contestant(f"{size:,} slices", lambda size=size: by_slices(size)) for size in slices}
    of_stored = {size: Contestant(f"{size:,} stored jobs", lambda size=size: by_stored(size)) for size in stored}
    of_running = {size: Contestant(f"{size:,} running executions", lambda size=size: by_running(size)) for size in running}
    contestants = [*of_slices.values(), *of_stored.values(), *of_running.values()]
    take_turns(contestants, context.rounds)
    kinds = [("status_ms", "`GET /ex/{id}`, ms", ".2f"), ("jobs_ms", "`GET /jobs?size=10`, ms", ".2f"),
             ("running_ms", "`GET /ex?status=running&size=10`, ms", ".2f"), ("post_ms", "`POST /jobs?start=false`, ms", ".2f")]
    lines = [*lines_of(slices, of_slices, [("slices_per_second", "slices/s, from POST to end", ",.0f"), ("mb", "controller at most, MB", ".1f")], "slices"),
             "", *lines_of(stored, of_stored, kinds, "stored jobs"), "", *lines_of(running, of_running, kinds, "running executions"),
             "", f"Limits (M6): the rate at the last at least {LIMIT_RATE:.0%} of that at the first, memory flat, latencies within {LIMIT_LATENCY} ×. "
             "One running execution is a shorter list. Few slices also pay for the start of their execution."]
    return contestants, "\n".join(lines)
