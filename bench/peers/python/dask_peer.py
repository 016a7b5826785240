"""Dask's distributed: a bare task each, on as many worker processes of one thread as slots. A nanny starts a worker again that dies,
and the scheduler gives its tasks to another."""
import contextlib
import logging
import os

from distributed import Client, LocalCluster, wait

from taking import have_effect, measure


class Running:
    def __init__(self, client):
        self.client, self.batches = client, 0

    def run(self, count, ms, effects):
        self.batches += 1  # of a task that it knows Dask gives the known result
        futures = self.client.map(have_effect, range(count), ms=ms, effects=effects, key=f"batch-{self.batches}", pure=False)
        wait(futures)

    def worker(self):
        return next(iter(self.client.run(os.getpid).values()))


@contextlib.contextmanager
def started(workers):
    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
                      silence_logs=logging.CRITICAL) as cluster, Client(cluster) as client:
        yield Running(client)


if __name__ == "__main__":
    measure(started)
