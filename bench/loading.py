"""What the benches of the REST API share: a store with many executions, and requests whose times are taken."""
import csv
import http.client
import io
import json
import shutil
import sqlite3
import subprocess
import time
import uuid

from cluster import Failed


def store_executions(cluster, count):
    """Makes `count` ended executions of as many jobs out of a real one: its rows again, under other ids, names and times.
    The numbers in the names are in no order, as a person's names are. The cluster is restarted."""
    posted = cluster.request("/jobs", {"name": "ended", "lifecycle": "once", "workers": 1, "operations": [
        {"_op": "data_generator", "size": 10}, {"_op": "noop"}]})
    cluster.wait_until_ended(posted["ex_id"], 60, 0.02)
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
    cluster.start()


def of_sorted(times, share):
    return times[min(int(share * len(times)), len(times) - 1)]


def hey(*arguments):
    """Asks many times by hey. @return the times in ms, ascending, and how many answers were not 200"""
    if shutil.which("hey") is None:
        raise Failed("hey is not installed; packaging/install-packages long")
    said = subprocess.run(["hey", "-o", "csv", *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    return sorted(float(row["response-time"]) * 1000 for row in rows), sum(row["status-code"] != "200" for row in rows)


def latencies(cluster, times, target, body=None):
    """One after the other over one connection, with a body by POST. @return the times in ms, ascending"""
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=60)
    ms = []
    for _ in range(times):
        began = time.perf_counter()
        if body is None:
            connection.request("GET", target)
        else:
            connection.request("POST", target, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read(300) if answer.status != 200 else answer.read()
        ms.append(1000 * (time.perf_counter() - began))
        if answer.status != 200:
            raise Failed(f"{target}: {answer.status} {text[:300]!r}; see {cluster.logs}")
    connection.close()
    return sorted(ms)
