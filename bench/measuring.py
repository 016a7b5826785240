"""What the workloads share: a local cluster with what its processes cost, contestants that are measured in turns, and
tables of medians with their spread."""
import json
import os
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

SOURCE = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A measurement that came to nothing; the text says what and where."""


# ---- processes ------------------------------------------------------------------------------------------------------


def family(root):
    """`root` and all that descend from it, pid to name."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, rest = entry.joinpath("stat").read_text().split("(", 1)[1].rsplit(")", 1)
                parents[int(entry.name)] = (int(rest.split()[1]), name)
            except (OSError, IndexError):
                pass  # it has ended
    found, grown = {root}, True
    while grown:
        more = {pid for pid, (parent, _) in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return {pid: parents[pid][1] for pid in found if pid in parents}


def cpu_seconds(root):
    """Of a family, those that have ended and were waited for included."""
    ticks = 0
    for pid in family(root):
        try:
            numbers = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(int(number) for number in numbers[11:15])
        except OSError:
            pass
    return ticks / TICKS


def proportional_set_kb(root):
    total = 0
    for pid in family(root):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.M)[1])
        except OSError:
            pass
    return total


# ---- Slicebus -------------------------------------------------------------------------------------------------------


class LocalCluster:
    """`slicebus local` in a directory of its own, until the end of a `with`."""

    def __init__(self, slots, programs=SOURCE / "build" / "release" / "bin"):
        self.directory = Path(tempfile.mkdtemp(prefix="slicebus-bench-"))
        reader, writer = os.pipe()
        with open(self.directory / "local.log", "ab") as log:
            self.process = subprocess.Popen(
                [programs / "slicebus", "local", "--rest-port", "0", "--data", self.directory / "data",
                 "--slots", str(slots), "--ready-fd", str(writer)],
                stdout=log, stderr=log, cwd=self.directory, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as ready:
            said = ready.readline().split()
        if len(said) != 2:
            raise Failed(f"slicebus local does not start; see {self.directory}/local.log")
        self.port = int(said[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if kind is None:
            shutil.rmtree(self.directory)

    def request(self, target, body=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{target}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise Failed(f"{target}: {refused.code} {refused.read(300)!r}; see {self.directory}/data/logs") from None
        except OSError as cause:
            raise Failed(f"{target}: {cause}; see {self.directory}/data/logs") from None

    def wait_until_ended(self, ex_id, seconds, pause):
        end = time.monotonic() + seconds
        while True:
            execution = self.request(f"/ex/{ex_id}")
            if execution["_status"] == "completed":
                return execution
            if execution["_status"] in ("failed", "stopped", "terminated", "rejected"):
                raise Failed(f"execution {ex_id} is {execution['_status']}: {execution.get('_failureReason')}")
            if time.monotonic() > end:
                raise Failed(f"execution {ex_id} takes longer than {seconds} s; see {self.directory}/data/logs")
            time.sleep(pause)


def slices_job(slices, workers):
    """Slices of one record each, on which nothing is done."""
    return {"name": "bench", "lifecycle": "once", "workers": workers, "operations": [
        {"_op": "data_generator", "size": slices, "slice_size": 1, "seed": 1}, {"_op": "noop"}]}


# ---- contestants ----------------------------------------------------------------------------------------------------


@dataclass
class Contestant:
    name: str
    run: Callable[[], dict]  # one measurement: the names of its figures and their values
    results: list = field(default_factory=list)


def program(*command):
    """Runs a program that prints one object of JSON."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900, check=False)
    if done.returncode != 0:
        raise Failed(f"{command[0]} failed: {(done.stderr or done.stdout)[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def take_turns(contestants, rounds):
    """Everybody once, then everybody again: the load of the machine changes by the minute, and so it meets all of them."""
    for number in range(rounds):
        for contestant in contestants:
            result = contestant.run()
            contestant.results.append(result)
            shown = ", ".join(f"{key} {value:,.3g}" if isinstance(value, float) else f"{key} {value:,}" for key, value in result.items())
            print(f"  {number + 1}/{rounds} {contestant.name}: {shown}", file=sys.stderr, flush=True)


def table(contestants, figures, against=None):
    """Markdown: a row for each contestant, medians with their least and greatest value, and how many times that of the first
    one the figure `against` is.
    @param figures  (key, title, format) of the columns"""
    titles = [title for _, title, _ in figures] + (["of ours"] if against else [])
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    ours = statistics.median(result[against] for result in contestants[0].results) if against else None
    for contestant in contestants:
        cells = []
        for key, _, form in figures:
            values = sorted(result[key] for result in contestant.results if key in result)
            cells.append(f"{statistics.median(values):{form}} ({values[0]:{form}}–{values[-1]:{form}})" if values else "–")
        if against:
            cells.append(f"{statistics.median(result[against] for result in contestant.results) / ours:.2g} ×")
        lines.append(f"| {contestant.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
