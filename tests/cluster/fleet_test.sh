#!/usr/bin/env bash
# M10: three machines run the README's job; then one worker's link is cut for 20 s in the middle of another.
. "$(dirname "${BASH_SOURCE[0]}")/machines.sh"

jq '.operations |= (.[0:1] + [{ _op: "delay", ms: 3000 }] + .[1:])' examples/jobs/flights.json >"$scratch/shared/examples/jobs/slow.json"
compare() {
  python3 tests/integration/expected_flights.py "$scratch/shared/examples/data/flights-200k.ndjson" "$scratch/shared/output/flights" "$1" ||
    fail "output of $1 is wrong"
}
answer=$(on w1 "$post" 2>"$scratch/post.log")
ex=$(grep -o '"ex_id": "[^"]*"' <<<"$answer" | head -n 1 | cut -d'"' -f4)
[ -n "$ex" ] || fail "no ex_id in the answer to the README's commands: $answer"
until_is 60 completed status_of "$ex"
compare "$ex"
say "the README's job, posted from a worker's machine, is completed and right"

ex=$(on w1 "cd /srv/slicebus && curl -fsS $api/jobs -d@examples/jobs/slow.json" | jq -er .ex_id)
written() { find "$scratch/shared/output/flights" -name "$ex.*" | wc -l; }
until_at_least() { until [ "$(written)" -ge "$2" ]; do [ $((deadline)) -gt $SECONDS ] || fail "$1"; sleep 0.2; done; }
deadline=$((SECONDS + 60))
until_at_least "no slice is done" 4
say "cutting the link of w2"
ip -n "$tag-wire" link set to-w2 down
cut=$SECONDS
until_is 15 disconnected state_of w2
say "w2 is disconnected after $((SECONDS - cut)) s"
before=$(written)
while [ $((SECONDS - cut)) -lt 20 ]; do sleep 0.2; done
[ "$(written)" -gt "$before" ] || fail "w1 did not go on alone"
ip -n "$tag-wire" link set to-w2 up
until_is 30 connected state_of w2
say "w2 is back"
until_is 240 completed status_of "$ex"
compare "$ex"
failed=$(from_w1 curl -fsS "$api/ex/$ex" | jq -r ._slicer_stats.failed)
[ "$failed" = 0 ] || fail "$failed slices failed"
say "PASSED"
