#!/usr/bin/env bash
# M7: docker-compose.yml as it stands. The example job by curl to localhost:5678, a kill -9 of a worker's and of the master's container in
# the middle of a slower one, a stop within 10 s that loses nothing. Everything it starts it stops.
source "$(dirname "${BASH_SOURCE[0]}")/containers.sh"
api=http://localhost:5678
project=slicebus-test-$$
compose() { "${COMPOSE[@]}" -p "$project" -f docker-compose.yml "$@"; }
at_end() {
  [ "${passed:-no}" = yes ] || compose logs --tail 30 2>&1 || true
  compose down -v --rmi local -t 1 >/dev/null 2>&1
}

if (exec 3<>/dev/tcp/127.0.0.1/5678) 2>/dev/null; then fail "port 5678 is taken: end what listens there"; fi

say "building the image"
export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
compose build >"$scratch/build.log" 2>&1 || { tail -n 30 "$scratch/build.log" >&2; fail "the image does not build"; }
say "starting"
compose up -d 2>"$scratch/up.log" || { cat "$scratch/up.log" >&2; fail "docker-compose up"; }

until_true() { # seconds, what, command…
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "not within the time: $what"
    sleep 0.2
  done
}
container() { compose ps -q "$1"; }
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$(container "$1")")" = healthy ]; }
for service in broker master worker-1 worker-2; do until_true 90 "$service is healthy" healthy "$service"; done
say "all four are healthy"

field() { curl -fsS "$api/ex/$1" | jq -r "$2"; }
is_completed() { [ "$(field "$1" ._status)" = completed ]; }
compare() { # ex_id: what it wrote, against Python
  rm -rf "$scratch/output"
  docker cp "$(container master):/srv/slicebus/output/flights" "$scratch/output" >/dev/null
  python3 tests/integration/expected_flights.py "$scratch/flights.ndjson" "$scratch/output" "$1" || fail "output of $1 is wrong"
}
gzip -dc examples/data/flights-200k.ndjson.gz >"$scratch/flights.ndjson"

ex=$(curl -fsS "$api/jobs" -d@examples/jobs/flights.json | jq -er .ex_id)
until_true 60 "the example job is completed" is_completed "$ex"
compare "$ex"
say "the example job is completed and right"

jq '.operations |= (.[0:1] + [{ _op: "delay", ms: 1000 }] + .[1:])' examples/jobs/flights.json >"$scratch/slow.json"
post_slow() { curl -fsS "$api/jobs" -d@"$scratch/slow.json" | jq -er .ex_id; }
done_slices() { compose exec -T master sh -c "ls output/flights | grep -c ^$1" || true; }
at_least() { [ "$(done_slices "$1")" -ge "$2" ]; }
kill_9() {
  local id
  id=$(container "$1")
  kill -9 "$(docker inspect -f '{{.State.Pid}}' "$id")"
  say "kill -9 of the container of $1"
  until_true 30 "$1 is started again by the daemon" restarted "$id"
}
restarted() { [ "$(docker inspect -f '{{.RestartCount}} {{.State.Running}}' "$1")" = "1 true" ]; }

ex=$(post_slow)
until_true 60 "a few slices are done" at_least "$ex" 8
slots=$(curl -fsS "$api/cluster/state" | jq --arg ex "$ex" '[.[] | .active[] | select(.assignment == "worker" and .ex_id == $ex)] | length')
machines=$(curl -fsS "$api/cluster/state" | jq --arg ex "$ex" '[.[] | select(any(.active[]; .assignment == "worker" and .ex_id == $ex))] | length')
[ "$slots $machines" = "4 2" ] || fail "expected 4 slots on 2 machines, /cluster/state shows $slots on $machines"
kill_9 worker-1
until_true 60 "it goes on after the kill of a worker" at_least "$ex" 20
kill_9 master
until_true 240 "it is completed after the kill of the master" is_completed "$ex"
compare "$ex"
for service in master worker-1 worker-2 broker; do until_true 60 "$service is healthy again" healthy "$service"; done
say "both kills lost nothing, both containers came back"

ex=$(post_slow)
until_true 60 "a few slices are done" at_least "$ex" 8
began=$(date +%s%N)
compose stop >/dev/null 2>&1
took=$((($(date +%s%N) - began) / 1000000))
[ $took -lt 10000 ] || fail "docker-compose stop took $took ms"
for service in broker master worker-1 worker-2; do
  id=$(compose ps -aq "$service" 2>/dev/null || compose ps -q "$service")
  code=$(docker inspect -f '{{.State.ExitCode}}' "$id")
  [ "$code" = 0 ] || [ "$code" = 143 ] || fail "$service ended with $code"
done
say "stopped in $took ms in the middle of a job"
compose up -d >/dev/null 2>&1
until_true 240 "it goes on after a stop and is completed" is_completed "$ex"
compare "$ex"
passed=yes
say "PASSED"
