#!/usr/bin/env bash
# M1: ./quickstart as a new user runs it, twice at once (they find free ports and share nothing but the build), and that it leaves
# nothing running. Warm, the job is finished within 15 s.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
fail() { echo "FAILED: $*" >&2; exit 1; }
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

./quickstart >"$log/first" 2>&1 || { cat "$log/first"; fail "./quickstart ended with $?"; }
cat "$log/first"

check() { # output of a run
  for part in "231,083 flights" "9,845 records written" "an independent count says 9,845" "slices/s" "stopped" "output/flights/"; do
    grep -qF "$part" "$1" || { cat "$1"; fail "the output does not say \"$part\""; }
  done
  local run
  run=$(grep -o 'build/quickstart/run-[A-Za-z0-9]*' "$1" | head -n 1)
  [ -n "$run" ] || fail "the output does not say where the cluster stores"
  if grep -qsF "$run" /proc/[0-9]*/cmdline; then fail "processes of $run are left running"; fi
}
check "$log/first"

began=$(date +%s%N)
./quickstart >"$log/second" 2>&1 &
second=$!
./quickstart >"$log/third" 2>&1 || { cat "$log/third"; fail "a warm ./quickstart beside another ended with $?"; }
wait $second || { cat "$log/second"; fail "a warm ./quickstart ended with $?"; }
took=$((($(date +%s%N) - began) / 1000000))
check "$log/second"
check "$log/third"
[ $took -lt 15000 ] || fail "two warm runs at once took $took ms, more than 15 s"

./quickstart --keep >"$log/kept" 2>&1 || { cat "$log/kept"; fail "./quickstart --keep ended with $?"; }
pid=$(grep -o 'kill [0-9]*' "$log/kept" | cut -d' ' -f2)
api=$(grep -o 'http://127.0.0.1:[0-9]*' "$log/kept" | head -n 1)
curl -fsS "$api/cluster/state" >/dev/null || fail "the kept cluster does not answer"
kill -TERM "$pid"
for _ in $(seq 200); do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
kill -0 "$pid" 2>/dev/null && { kill -KILL "$pid"; fail "the kept cluster does not stop"; }
code=0
./quickstart --nonsense >"$log/wrong" 2>&1 || code=$?
[ $code -eq 2 ] || fail "an unknown option ended with $code"
echo "PASSED: warm, two at once, $took ms"
