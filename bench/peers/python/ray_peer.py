"""Ray: a bare task each, on as many worker processes as slots. A task whose worker dies is run again by Ray (max_retries)."""
import contextlib
import os
import tempfile

os.environ.setdefault("RAY_DISABLE_IMPORT_WARNING", "1")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would call home

import ray  # noqa: E402

from taking import have_effect, measure  # noqa: E402


def own_pid():
    return os.getpid()


class Running:
    def __init__(self):
        self.task = ray.remote(max_retries=3)(have_effect)
        self.pid = ray.remote(own_pid)

    def run(self, count, ms, effects):
        ray.get([self.task.remote(number, ms, effects) for number in range(count)])

    def worker(self):
        return ray.get(self.pid.remote())


@contextlib.contextmanager
def started(workers):
    # The paths of its sockets are long; a longer directory would make them too long.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as directory:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR", _temp_dir=directory,
                 runtime_env={"env_vars": {"PYTHONPATH": os.path.dirname(os.path.abspath(__file__))}})
        try:
            yield Running()
        finally:
            ray.shutdown()


if __name__ == "__main__":
    measure(started)
