"""Celery with Redis, which keeps everything in memory: a bare task each, on as many worker processes as slots. A task is
acknowledged when it has run and goes back to the queue when its process dies (`acks_late`, `task_reject_on_worker_lost`); Celery
starts another process."""
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from celery import Celery

from taking import have_effect, measure

PORT = os.environ.get("SLICEBUS_BENCH_REDIS_PORT", "0")
app = Celery("celery_peer", broker=f"redis://127.0.0.1:{PORT}/0", backend=f"redis://127.0.0.1:{PORT}/1")
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=2, worker_send_task_events=False,
                broker_connection_retry_on_startup=True, result_expires=None)
task = app.task(name="slice")(have_effect)


class Running:
    def __init__(self, workers):
        self.workers = workers

    def run(self, count, ms, effects):
        for result in [task.delay(number, ms, effects) for number in range(count)]:
            result.get(interval=0.001)

    def worker(self):
        """A child of the worker's main process."""
        said = subprocess.run(["pgrep", "-P", str(self.workers.pid)], capture_output=True, text=True, check=True).stdout
        return int(said.split()[0])


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def child(*command, **options):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def started(workers):
    port = str(free_port())
    for url in ("broker_url", "result_backend"):
        app.conf[url] = f"redis://127.0.0.1:{port}/{0 if url == 'broker_url' else 1}"
    with tempfile.TemporaryDirectory(prefix="slicebus-bench-") as directory, \
            child("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", cwd=directory), \
            child(sys.executable, "-m", "celery", "--app", "celery_peer", "worker", "--pool", "prefork", "--concurrency", str(workers),
                  "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR",
                  cwd=Path(__file__).parent, env={**os.environ, "SLICEBUS_BENCH_REDIS_PORT": port}) as main:
        for _ in range(600):
            time.sleep(0.1)
            with contextlib.suppress(Exception):
                if app.control.ping(timeout=0.5):
                    break
        yield Running(main)


if __name__ == "__main__":
    measure(started)
