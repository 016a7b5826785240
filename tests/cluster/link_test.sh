#!/usr/bin/env bash
# Issue 7, M2: links of three machines are cut for 1 to 30 s at random (`cuts`), or lose and delay packets (`loss`), all through a job;
# nothing is lost or doubled. SLICEBUS_LINK_SLICES, SLICEBUS_LINK_SECONDS (what the slices wait, on four slots), SLICEBUS_SEED.
fault=${1:-cuts}
. "$(dirname "${BASH_SOURCE[0]}")/machines.sh"
slices=${SLICEBUS_LINK_SLICES:-20000}
seconds=${SLICEBUS_LINK_SECONDS:-60}
seed=${SLICEBUS_SEED:-$((SRANDOM % 30000))}
RANDOM=$seed
say "seed $seed; again with SLICEBUS_SEED=$seed"

from_first() { ip netns exec "$tag-first" curl -fsS --max-time 5 "http://127.0.0.1:5678$1"; }
fact() { from_first "/ex/$ex" | jq -r "$1"; }
between() { printf '%d.%03d' $(($1 + RANDOM % ($2 - $1))) $((RANDOM % 1000)); } # seconds

# ---- four slots on two machines ---------------------------------------------------------------------------------------------------
job=$(jq -n --argjson slices "$slices" --argjson ms $((seconds * 4000 / slices)) '{name: "a job on bad links", workers: 4, operations: [
  {_op: "data_generator", size: ($slices * 10), slice_size: 10, seed: 7, set_id: "hexadecimal"},
  {_op: "delay", ms: $ms}, {_op: "file_exporter", path: "output/links", format: "ldjson"}]}')
ex=$(ip netns exec "$tag-first" curl -fsS http://127.0.0.1:5678/jobs -d "$job" | jq -er .ex_id)
began=$SECONDS patience=$((1200 + seconds * 10))
output=$scratch/shared/output/links
running() {
  [ $((SECONDS - began)) -lt $patience ] || fail "not completed after $patience s: $(fact ._status), $(fact ._waiting), $(find "$output" -name "$ex.*" | wc -l) slices written"
  [ "$(fact ._status 2>/dev/null)" != completed ]
}

cuts=0 cut_seconds=0
cut_links() {
  local machine length
  declare -A back_at=()
  while running; do
    sleep "$(between 3 12)"
    machine=$(printf 'first\nw1\nw2\n' | sed -n "$((RANDOM % 3 + 1))p")
    [ $((SECONDS)) -ge "${back_at[$machine]:-0}" ] || continue # cut already: two may be at a time, or all
    length=$((1 + RANDOM % 30))
    back_at[$machine]=$((SECONDS + length + 1))
    cuts=$((cuts + 1)) cut_seconds=$((cut_seconds + length))
    ip -n "$tag-wire" link set "to-$machine" down
    (sleep $length && ip -n "$tag-wire" link set "to-$machine" up) &
    mending+=($!)
  done
  wait "${mending[@]}"
  say "$cuts cuts, $cut_seconds s in all"
}

lose_packets() {
  if ip netns exec "$tag-first" tc qdisc add dev eth0 root netem delay 50ms 20ms loss 2% 2>/dev/null; then
    for machine in w1 w2; do ip netns exec "$tag-$machine" tc qdisc add dev eth0 root netem delay 50ms 20ms loss 2%; done
    say "each link delays by 30 to 70 ms and loses 2 %"
  else
    for machine in first w1 w2; do
      ip netns exec "$tag-$machine" iptables -A INPUT -i eth0 -m statistic --mode random --probability 0.02 -j DROP
      ip netns exec "$tag-$machine" tc qdisc add dev eth0 root tbf rate 4mbit burst 4kb latency 100ms
    done
    say "this kernel has no netem: each link loses 2 % (iptables), and has 4 Mbit/s behind a queue of 100 ms (tbf)"
  fi
  while running; do sleep 1; done
  ip netns exec "$tag-first" iptables -vxnL INPUT | awk '$3 == "DROP" { print "packets lost on their way to the first machine:", $1 }'
}

mending=()
case $fault in
  cuts) cut_links ;;
  loss) lose_packets ;;
  *) fail "cuts or loss, not \"$fault\"" ;;
esac
say "completed after $((SECONDS - began)) s"

records=$(find "$output" -name "$ex.*" -exec cat {} + | LC_ALL=C sort | tee >(uniq | wc -l >"$scratch/distinct") | wc -l)
until [ -s "$scratch/distinct" ]; do sleep 0.1; done
say "$((slices * 10)) records expected, $(cat "$scratch/distinct") distinct of $records found"
[ "$records" = $((slices * 10)) ] && [ "$(cat "$scratch/distinct")" = "$records" ] || fail "lost or doubled records"
[ "$(fact ._slicer_stats.processed)" = "$slices" ] && [ "$(fact ._slicer_stats.failed)" = 0 ] || fail "wrong counts: $(fact ._slicer_stats)"
hidden() { find "$output" -name '.*' -type f | wc -l; }
until_is 40 0 hidden
"$bin/slicebus" ledger check "$scratch/var/ledgers/$ex.db" || fail "the ledger is not sound"
say "PASSED"
