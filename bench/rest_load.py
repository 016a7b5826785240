#!/usr/bin/env python3
"""The REST API under load: see README.md. Prints a table, and one line of JSON for each measurement with --json."""
import argparse
import csv
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

AGENTS = 4
BUSY = 4
DEEPEST = 10_000  # from + size of a list, as in Elasticsearch
SOURCE = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def job(name, *operations):
    return {"name": name, "lifecycle": "once", "workers": 1, "operations": list(operations)}


def busy_job(number):
    return job(f"busy {number}", {"_op": "data_generator", "size": 10**12, "slice_size": 2000, "seed": number},
               {"_op": "noop"})


def delayed_job(number):
    return job(f"delayed {number}", {"_op": "data_generator", "size": 1000, "slice_size": 10},
               {"_op": "delay", "ms": 3_600_000}, {"_op": "noop"})


class Cluster:
    """Broker, master and agents on the loopback address, everything they store in one directory."""

    def __init__(self, programs, directory, slots):
        self.programs, self.directory, self.slots = programs, directory, slots
        self.broker_port, self.rest_port = free_port(), free_port()
        self.children = {}

    def start(self, name, *arguments, of="slicebus-worker"):
        with open(self.directory / f"{name}.log", "ab") as log:
            self.children[name] = subprocess.Popen([self.programs / of, "--log-level", "warn", *map(str, arguments)],
                                                   stdout=log, stderr=log, cwd=self.directory)

    def start_broker_and_master(self):
        self.start("broker", "--port", self.broker_port, of="slicebus-broker")
        self.start("master", "--data", self.directory / "data", "--rest-port", self.rest_port, "--broker",
                   f"tcp://127.0.0.1:{self.broker_port}", of="slicebus-master")
        self.wait("the API", 30, lambda: self.get("/") is not None)

    def start_agents(self):
        for number in range(AGENTS):
            self.start(f"agent{number}", "--broker", f"tcp://127.0.0.1:{self.broker_port}", "--advertise", "127.0.0.1",
                       "--node-id", f"machine-{number}", "--slots", self.slots // AGENTS)

    def stop(self, *names):
        for name in names or list(self.children):
            self.children[name].send_signal(signal.SIGTERM)
        for name in names or list(self.children):
            try:
                self.children[name].wait(60)
            except subprocess.TimeoutExpired:
                self.children[name].kill()
                self.children[name].wait()
            del self.children[name]

    def url(self, target):
        return f"http://127.0.0.1:{self.rest_port}{target}"

    def get(self, target):
        try:
            with urllib.request.urlopen(self.url(target), timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            sys.exit(f"FAILED: GET {target}: {refused.code} {refused.read(300)}")
        except OSError:
            return None

    def post(self, target, body):
        request = urllib.request.Request(self.url(target), json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            sys.exit(f"FAILED: POST {target}: {refused.code} {refused.read(300)}")

    def wait(self, what, seconds, condition):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"FAILED: {what} took longer than {seconds} s; logs in {self.directory}")
            time.sleep(0.01)


def store_executions(cluster, count):
    """Makes `count` ended executions of as many jobs out of a real one: its rows again, under other ids, names and times.
    The numbers in the names are in no order, as a person's names are."""
    cluster.start_agents()
    posted = cluster.post("/jobs", job("ended", {"_op": "data_generator", "size": 10}, {"_op": "noop"}))
    cluster.wait("the first execution", 60,
                 lambda: cluster.get(f"/ex/{posted['ex_id']}")["_status"] == "completed")
    cluster.stop()
    records = sqlite3.connect(cluster.directory / "data" / "records.db")
    for table, id_column in (("job", "job_id"), ("execution", "ex_id")):
        names = [row[1] for row in records.execute(f"PRAGMA table_info({table})") if row[1] != "number"]
        row = records.execute(f"SELECT {','.join(names)} FROM {table} WHERE {id_column} = ?",
                              (posted[id_column],)).fetchone()
        marks = ",".join("?" * len(names))

        place = {column: names.index(column) for column in ("created", "updated", "name")}

        def number_in_name(number):
            return number * 7919 % count

        def copy(number):
            ids = {old: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{old}{number}")) for old in posted.values()}

            def renamed(value):
                for old, new in ids.items():
                    value = value.replace(old, new) if isinstance(value, str) else value
                return value.replace('"ended"', f'"ended {number_in_name(number)}"') if isinstance(value, str) else value
            copied = [renamed(value) for value in row]
            copied[place["created"]] += number
            copied[place["updated"]] += number
            copied[place["name"]] = f"ended {number_in_name(number)}"
            return copied
        records.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", map(copy, range(1, count)))
        first = records.execute(f"SELECT max(number) FROM {table}").fetchone()[0] - count + 1
        for word in (lambda number: "ended", lambda number: str(number_in_name(number))):
            records.executemany(f"INSERT INTO {table}_word (word, number) VALUES (?, ?)",
                                ((word(number), first + number) for number in range(1, count)))
    records.commit()
    records.close()


def run_executions(cluster):
    """As many executions as there are slots: a few busy, the others in a long delay. Returns a delayed job's id."""
    began = time.monotonic()
    cluster.start_broker_and_master()
    print(f"the API answers {1000 * (time.monotonic() - began):.0f} ms after the start of broker and master", flush=True)
    cluster.start_agents()
    jobs = [cluster.post("/jobs", busy_job(n))["job_id"] for n in range(BUSY)]
    jobs += [cluster.post("/jobs", delayed_job(n))["job_id"] for n in range(cluster.slots - BUSY)]
    cluster.wait(f"{cluster.slots} running executions", 300,
                 lambda: len(cluster.get(f"/ex?status=running&size={cluster.slots}")) == cluster.slots)
    return jobs[-1]


def load(cluster, name, rate, seconds, limit, target, method="GET", body=None):
    """`rate` requests a second for `seconds`, by hey. Its connections all ask at the same moment, so few of them make a
    steady rate and many make bursts."""
    connections = max(2, rate // 20)
    command = ["hey", "-o", "csv", "-z", f"{seconds}s", "-c", str(connections), "-q", str(rate / connections), "-m", method]
    if body is not None:
        file = cluster.directory / "body.json"
        file.write_text(json.dumps(body))
        command += ["-T", "application/json", "-D", str(file)]
    said = subprocess.run(command + [cluster.url(target)], capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    times = sorted(float(row["response-time"]) * 1000 for row in rows)
    failed = sum(row["status-code"] != "200" for row in rows)
    at = lambda share: times[min(int(share * len(times)), len(times) - 1)]
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
    options.add_argument("--bin", type=Path, default=SOURCE / "build" / "release" / "bin", help="the programs")
    options.add_argument("--slots", type=int, default=100)
    options.add_argument("--executions", type=int, default=10_000, help="ended ones in the store")
    options.add_argument("--seconds", type=int, default=20, help="of each measurement")
    options.add_argument("--json", type=Path, help="file for the results")
    chosen = options.parse_args()
    if shutil.which("hey") is None:
        sys.exit("FAILED: hey is not installed; packaging/install-packages long")
    directory = Path(tempfile.mkdtemp(prefix="slicebus-load-"))
    cluster = Cluster(chosen.bin.resolve(), directory, chosen.slots)
    try:
        cluster.start_broker_and_master()
        store_executions(cluster, chosen.executions)
        delayed = run_executions(cluster)
        print(f"{chosen.slots} running executions, {BUSY} of them busy; {chosen.executions} stored; "
              f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        results = list(measure(cluster, delayed, chosen.executions, chosen.seconds))
    finally:
        cluster.stop()
    shutil.rmtree(directory)
    if chosen.json:
        chosen.json.write_text("".join(json.dumps(result) + "\n" for result in results))
    missed = [result["name"] for result in results
              if result["failed"] or (result["limit_p99_ms"] or 1e9) <= result["p99_ms"]]
    sys.exit(f"FAILED: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
