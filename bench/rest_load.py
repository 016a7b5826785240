#!/usr/bin/env python3
"""The REST API under load: see README.md. Prints a table, and one line of JSON for each measurement with --json."""
import argparse
import json
import os
import sys
import urllib.parse
from pathlib import Path

from cluster import PROGRAMS, Failed, LocalCluster
from loading import hey, of_sorted, store_executions

BUSY = 4
DEEPEST = 10_000  # from + size of a list, as in Elasticsearch


def job(name, *operations):
    return {"name": name, "lifecycle": "once", "workers": 1, "operations": list(operations)}


def busy_job(number):
    return job(f"busy {number}", {"_op": "data_generator", "size": 10**12, "slice_size": 2000, "seed": number},
               {"_op": "noop"})


def delayed_job(number):
    return job(f"delayed {number}", {"_op": "data_generator", "size": 1000, "slice_size": 10},
               {"_op": "delay", "ms": 3_600_000}, {"_op": "noop"})


def run_executions(cluster):
    """As many executions as there are slots: a few busy, the others in a long delay. Returns a delayed job's id."""
    jobs = [cluster.request("/jobs", busy_job(n))["job_id"] for n in range(BUSY)]
    jobs += [cluster.request("/jobs", delayed_job(n))["job_id"] for n in range(cluster.slots - BUSY)]
    cluster.wait(f"{cluster.slots} running executions", 300,
                 lambda: len(cluster.request(f"/ex?status=running&size={cluster.slots}")) == cluster.slots)
    return jobs[-1]


def load(cluster, name, rate, seconds, limit, target, method="GET", body=None):
    """`rate` requests a second for `seconds`, by hey. Its connections all ask at the same moment, so few of them make a
    steady rate and many make bursts."""
    connections = max(2, rate // 20)
    options = ["-z", f"{seconds}s", "-c", connections, "-q", rate / connections, "-m", method]
    if body is not None:
        file = cluster.directory / "body.json"
        file.write_text(json.dumps(body))
        options += ["-T", "application/json", "-D", file]
    times, failed = hey(*options, cluster.url(target))
    at = lambda share: of_sorted(times, share)
    result = {"name": name, "requests": len(times), "rate": round(len(times) / seconds, 1), "failed": failed,
              "p50_ms": round(at(0.5), 2), "p95_ms": round(at(0.95), 2), "p99_ms": round(at(0.99), 2),
              "worst_ms": round(times[-1], 2), "limit_p99_ms": limit}
    print(f"{name:44} {result['rate']:7.1f}/s  p50 {result['p50_ms']:7.2f}  p95 {result['p95_ms']:7.2f}  "
          f"p99 {result['p99_ms']:7.2f}  worst {result['worst_ms']:7.2f} ms  failed {failed}  "
          f"limit {limit if limit else '-'}", flush=True)
    return result


def measure(cluster, delayed, stored, seconds):
    new_job = job("posted", {"_op": "data_generator", "size": 10}, {"_op": "delay", "ms": 1}, {"_op": "noop"})
    yield load(cluster, "GET /", 200, seconds, None, "/")
    yield load(cluster, "GET /jobs/{id}/ex", 200, seconds, 20, f"/jobs/{delayed}/ex")
    for query in ("filter=name:ended", "filter=name:delayed", "filter=name:del*", f'filter=name:"ended {stored // 2}"',
                  "filter=job_id:abc*", "filter=_created:[2020-01-01 TO *]", "sort=name:asc", f"from={min(stored, DEEPEST) - 100}"):
        yield load(cluster, f"GET /jobs?{query}&size=100", 20, seconds, 50,
                   f"/jobs?{urllib.parse.quote(query, safe='=')}&size=100")
    yield load(cluster, "GET /ex?status=running&size=100", 20, seconds, None, "/ex?status=running&size=100")
    yield load(cluster, "GET /cluster/state", 20, seconds, None, "/cluster/state")
    yield load(cluster, "POST /jobs?start=false", 20, seconds, 50, "/jobs?start=false", "POST", new_job)
    yield load(cluster, "POST /jobs", 20, seconds, 50, "/jobs", "POST", new_job)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bin", type=Path, default=PROGRAMS, help="the programs")
    options.add_argument("--slots", type=int, default=100)
    options.add_argument("--executions", type=int, default=10_000, help="ended ones in the store")
    options.add_argument("--seconds", type=int, default=20, help="of each measurement")
    options.add_argument("--json", type=Path, help="file for the results")
    chosen = options.parse_args()
    try:
        with LocalCluster(chosen.slots, chosen.bin.resolve(), "warn") as cluster:
            store_executions(cluster, chosen.executions)
            delayed = run_executions(cluster)
            print(f"{chosen.slots} running executions, {BUSY} of them busy; {chosen.executions} stored; "
                  f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
            results = list(measure(cluster, delayed, chosen.executions, chosen.seconds))
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    if chosen.json:
        chosen.json.write_text("".join(json.dumps(result) + "\n" for result in results))
    missed = [result["name"] for result in results
              if result["failed"] or (result["limit_p99_ms"] or 1e9) <= result["p99_ms"]]
    sys.exit(f"FAILED: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
