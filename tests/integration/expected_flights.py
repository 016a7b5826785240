"""usage: expected_flights.py INPUT OUTPUT_DIRECTORY LINEAGE
Computes what examples/jobs/flights.json must write, knowing nothing of Slicebus, and compares it, sorted, with what was written."""
import glob
import json
import os
import sys

source, directory, lineage = sys.argv[1:]


def canonical(record):
    return json.dumps(record, sort_keys=True)


expected = []
with open(source, encoding="utf-8") as lines:
    for line in lines:
        flight = json.loads(line)
        if flight["delay"] > 60:
            flight["hour"] = flight.pop("time")
            flight["late"] = True
            expected.append(canonical(flight))

written = []
for path in glob.glob(os.path.join(directory, lineage + ".*")):
    with open(path, encoding="utf-8") as lines:
        written += [canonical(json.loads(line)) for line in lines]

expected.sort()
written.sort()
print(f"expected {len(expected)} records, written {len(written)}")
if expected != written:
    for a, b in zip(expected, written):
        if a != b:
            print(f"first difference: expected {a}, written {b}")
            break
    sys.exit(1)
