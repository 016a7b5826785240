"""A local cluster for the benches, and what its processes cost."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
PROGRAMS = SOURCE / "build" / "release" / "bin"
TICKS = os.sysconf("SC_CLK_TCK")
BAD_ENDS = ("failed", "stopped", "terminated", "rejected")


class Failed(Exception):
    """A measurement that came to nothing; the text says what and where."""


# ---- processes ------------------------------------------------------------------------------------------------------


def family(root):
    """`root` and all that descend from it, pid to command line."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
                command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                parents[int(entry.name)] = (parent, command)
            except (OSError, IndexError, ValueError):
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


def kb_of(pid, file, name):
    """A line of /proc/PID/FILE; 0 of a process that has ended."""
    try:
        return int(re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0


def resident_kb(pid):
    return kb_of(pid, "status", "VmRSS")


def proportional_set_kb(root):
    return sum(kb_of(pid, "smaps_rollup", "Pss") for pid in family(root))


def end_child(child):
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(60)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


# ---- Slicebus -------------------------------------------------------------------------------------------------------


class LocalCluster:
    """`slicebus local` in a directory of its own, until the end of a `with`, and machines that it does not know. The directory
    stays when the `with` ends by an exception."""

    def __init__(self, slots, programs=PROGRAMS, log_level="info"):
        self.slots, self.programs, self.log_level = slots, programs, log_level
        self.directory = Path(tempfile.mkdtemp(prefix="slicebus-bench-"))
        self.logs = self.directory / "data" / "logs"
        self.machines = {}
        self.start()

    def start(self):
        """Also after stop(): it goes on with what it has stored."""
        reader, writer = os.pipe()
        with open(self.directory / "local.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "slicebus", "local", "--rest-port", "0", "--data", self.directory / "data",
                 "--slots", str(self.slots), "--log-level", self.log_level, "--ready-fd", str(writer)],
                stdout=log, stderr=log, cwd=self.directory, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as ready:
            said = ready.readline().split()
        if len(said) != 2:
            raise Failed(f"slicebus local does not start; see {self.directory}/local.log")
        self.port = int(said[1])

    def stop(self):
        for child in [*self.machines.values(), self.process]:
            end_child(child)
        self.machines.clear()

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        self.stop()
        if kind is None:
            shutil.rmtree(self.directory)

    # -- its processes

    def pids(self, begins):
        """Of its processes whose command line begins so."""
        return [pid for pid, command in family(self.process.pid).items() if command.startswith(begins)]

    def broker(self):
        """The endpoint of its broker."""
        agent = next(command.split() for command in family(self.process.pid).values() if command.startswith("slicebus-worker --"))
        return agent[agent.index("--broker") + 1]

    def add_machine(self, name, *command):
        """A process of another machine, with its output in NAME.log; stop() ends it."""
        with open(self.directory / f"{name}.log", "ab") as log:
            self.machines[name] = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd=self.directory)
        return self.machines[name]

    # -- its API

    def url(self, target):
        return f"http://127.0.0.1:{self.port}{target}"

    def ask(self, target, body=None, timeout=60):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url(target), data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return json.load(answer)

    def request(self, target, body=None):
        try:
            return self.ask(target, body)
        except urllib.error.HTTPError as refused:
            raise Failed(f"{target}: {refused.code} {refused.read(300)!r}; see {self.logs}") from None
        except OSError as cause:
            raise Failed(f"{target}: {cause}; see {self.logs}") from None

    def answers(self, target="/", timeout=0.5):
        """The answer, or nothing from a cluster that may be without its master."""
        try:
            return self.ask(target, timeout=timeout)
        except (OSError, ValueError):
            return None

    def submit(self, job):
        return self.request("/jobs", job)["ex_id"]

    def status(self, ex_id):
        return (self.answers(f"/ex/{ex_id}", 5) or {}).get("_status")

    def processed(self, ex_id):
        """Slices done, as its controller said last."""
        told = self.answers(f"/ex/{ex_id}/controller", 5)
        return told[0]["processed"] if told else 0

    def serving(self, ex_id):
        """Slots and controller of an execution, as the cluster state lists them."""
        entries = [entry for node in (self.answers("/cluster/state", 5) or {}).values() for entry in node["active"]
                   if entry.get("ex_id") == ex_id]
        return ([entry["pid"] for entry in entries if entry["assignment"] == "worker"],
                [entry["pid"] for entry in entries if entry["assignment"] == "execution_controller"])

    def wait(self, what, seconds, condition, pause=0.02):
        """Until the condition gives something; that is returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise Failed(f"{what} took longer than {seconds} s; see {self.logs}")
            time.sleep(pause)
        return found

    def wait_until_ended(self, ex_id, seconds, pause):
        """Asks over one connection: a new one for each question would take a tenth of a core from what is measured."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

        def ended():
            try:
                connection.request("GET", f"/ex/{ex_id}", headers={"Connection": "keep-alive"})
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as cause:
                raise Failed(f"/ex/{ex_id}: {cause}; see {self.logs}") from None
            if answer.status != 200:
                raise Failed(f"/ex/{ex_id}: {answer.status} {said[:300]!r}; see {self.logs}")
            execution = json.loads(said)
            if execution["_status"] in BAD_ENDS:
                raise Failed(f"execution {ex_id} is {execution['_status']}: {execution.get('_failureReason')}; see {self.logs}")
            return execution if execution["_status"] == "completed" else None
        with contextlib.closing(connection):
            return self.wait(f"execution {ex_id}", seconds, ended, pause)

    def stop_execution(self, ex_id):
        self.request(f"/ex/{ex_id}/_stop", {})
        self.wait("a stop", 60, lambda: self.status(ex_id) in ("stopped", "completed"))


def slices_job(slices, workers):
    """Slices of one record each, on which nothing is done."""
    return {"name": "bench", "lifecycle": "once", "workers": workers, "operations": [
        {"_op": "data_generator", "size": slices, "slice_size": 1, "seed": 1, "stress_test": True}, {"_op": "noop"}]}
