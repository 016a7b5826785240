"""Contestants that are measured in turns, and tables of medians with their spread."""
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable

from cluster import Failed


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
            try:
                result = contestant.run()
            except (Failed, subprocess.TimeoutExpired) as failure:  # of an hour of measurements, not all for one
                print(f"  {number + 1}/{rounds} {contestant.name}, once more after: {failure}", file=sys.stderr, flush=True)
                result = contestant.run() | {"failed_before": 1}
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
