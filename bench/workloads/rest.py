"""W8: how many status reads (`GET /ex/{id}`) a second, and their 99th percentile, over 1, 100 and 1,000 connections that ask without
a pause; beside a bare handler of Pistache that answers the same bytes (`reference/bare_pistache.cpp`). And over 100 connections what
a kept answer helps less with: 1,000 executions by turns, one of them while something changes ten times a second, and both."""
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

from cluster import Failed, LocalCluster, end_child, slices_job
from loading import store_executions
from measuring import Contestant, table, take_turns

NAME = "W8 REST"
CONNECTIONS = (1, 100, 1000)
UNITS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}
LIMIT = 0.7
MANY = 1000
CHANGES_PER_SECOND = 10
BY_TURNS = """
local requests, turn = {{}}, 0
function init()
  for target in io.lines("{targets}") do requests[#requests + 1] = wrk.format("GET", target) end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
"""


def wrk(url, connections, seconds, *script):
    # Pistache closes after each answer unless it is asked not to.
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency",
               "--header", "Connection: keep-alive", *script, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx.*|Socket errors: (?!connect 0, read 0, write 0, timeout 0).*", said)
    if bad:
        raise Failed(f"{url} over {connections} connections: {bad[0]}")
    number, unit = re.search(r"^ +99% +([\d.]+)(\w+)", said, re.M).groups()
    return {"requests_per_second": float(re.search(r"Requests/sec: +([\d.]+)", said)[1]), "p99_ms": float(number) * UNITS[unit]}


@contextlib.contextmanager
def bare_pistache(program, answer):
    """@return its URL"""
    with tempfile.TemporaryDirectory(prefix="slicebus-bench-") as directory:
        file = Path(directory) / "answer"
        file.write_bytes(answer)
        with subprocess.Popen([program, file], stdout=subprocess.PIPE, text=True) as child:
            try:
                yield f"http://127.0.0.1:{int(child.stdout.readline())}/"
            finally:
                end_child(child)


@contextlib.contextmanager
def changes(cluster, job_id, job):
    """A stored job is replaced ten times a second."""
    done, failures = threading.Event(), []

    def replace():
        while not done.wait(1 / CHANGES_PER_SECOND):
            request = urllib.request.Request(cluster.url(f"/jobs/{job_id}"), json.dumps(job).encode(),
                                             {"Content-Type": "application/json"}, method="PUT")
            try:
                urllib.request.urlopen(request, timeout=30).close()
            except OSError as cause:
                failures.append(cause)
                return
    thread = threading.Thread(target=replace)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failures:
        raise Failed(f"PUT /jobs/{job_id}: {failures[0]}; see {cluster.logs}")


def measure(context):
    if shutil.which("wrk") is None:
        raise Failed("wrk is not installed; packaging/install-packages peers")
    seconds = max(2, round(context.scaled(5)))
    with LocalCluster(1) as cluster:
        store_executions(cluster, MANY)
        ex_ids = [execution["ex_id"] for execution in cluster.request(f"/ex?size={MANY}")]
        targets, by_turns = cluster.directory / "targets", cluster.directory / "by_turns.lua"
        targets.write_text("".join(f"/ex/{ex_id}\n" for ex_id in ex_ids))
        by_turns.write_text(BY_TURNS.format(targets=targets))
        kept = slices_job(1, 1)
        job_id = cluster.request("/jobs?start=false", kept)["job_id"]
        ex_id = cluster.submit(kept)
        cluster.wait_until_ended(ex_id, 30, 0.02)

        def changing(*script):
            with changes(cluster, job_id, kept):
                return wrk(ours, 100, seconds, *script)
        ours = cluster.url(f"/ex/{ex_id}")
        with urllib.request.urlopen(ours) as answer:
            same = answer.read()
        with bare_pistache(context.references / "bench-bare-pistache", same) as theirs:
            contestants = [Contestant(f"{name}, {count} connections", lambda url=url, count=count: wrk(url, count, seconds))
                           for count in CONNECTIONS for name, url in (("Slicebus", ours), ("bare Pistache", theirs))]
            script = ("--script", by_turns)
            contestants += [
                Contestant(f"Slicebus, 100 connections, {MANY:,} executions by turns", lambda: wrk(ours, 100, seconds, *script)),
                Contestant(f"the same, one execution, {CHANGES_PER_SECOND} changes a second", changing),
                Contestant(f"the same, {MANY:,} executions, {CHANGES_PER_SECOND} changes a second", lambda: changing(*script))]
            take_turns(contestants, context.rounds)
    lines = [table(contestants, [("requests_per_second", "requests/s", ",.0f"), ("p99_ms", "p99, ms", ".2f")]), ""]
    for number, count in enumerate(CONNECTIONS):
        own, bare = (statistics.median(result["requests_per_second"] for result in contestant.results)
                     for contestant in contestants[2 * number:2 * number + 2])
        lines.append(f"Over {count:,} connections {own / bare:.0%} of the bare handler (limit {LIMIT:.0%}).")
    return contestants, "\n".join(lines)
