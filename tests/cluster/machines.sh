# Sourced by the tests of several machines: three network namespaces on one wire, broker and master in `first`, a worker in each of `w1`
# and `w2`, a shared directory. The commands that start them are those of README.md, section "More machines", as they stand there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=${SLICEBUS_BIN:-$PWD/build/release/bin}
[ "$(id -u)" -eq 0 ] || { echo "FAILED: network namespaces need root" >&2; exit 1; }
scratch=$(mktemp -d)
tag=sb$$

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }
finish() {
  local code=$?
  set +e
  [ $code -eq 0 ] || tail -n 20 "$scratch"/*.log
  # What the blocks put into the background dies with its namespace's processes.
  for machine in first w1 w2; do ip netns pids "$tag-$machine" 2>/dev/null | xargs -r kill -TERM 2>/dev/null; done
  for _ in $(seq 60); do
    [ -n "$(for machine in first w1 w2; do ip netns pids "$tag-$machine" 2>/dev/null; done)" ] || break
    sleep 0.25
  done
  for machine in first w1 w2; do
    ip netns pids "$tag-$machine" 2>/dev/null | xargs -r kill -KILL
    ip netns del "$tag-$machine" 2>/dev/null
  done
  ip netns del "$tag-wire" 2>/dev/null
  rm -rf "$scratch"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- three machines on one wire: a bridge in a namespace of its own, so that the host sees nothing of it -------------------------
ip netns add "$tag-wire"
ip netns exec "$tag-wire" ip link add wire type bridge
ip netns exec "$tag-wire" ip link set wire up
number=1
for machine in first w1 w2; do
  ip netns add "$tag-$machine"
  ip -n "$tag-wire" link add "to-$machine" type veth peer name eth0 netns "$tag-$machine"
  ip -n "$tag-wire" link set "to-$machine" master wire up
  ip -n "$tag-$machine" addr add "10.0.0.$number/24" dev eth0
  ip -n "$tag-$machine" link set eth0 up
  ip -n "$tag-$machine" link set lo up
  number=$((number + 1))
done

# ---- a shared directory, and what else the README takes for granted: the programs in the path, the repository, a place for the master's data
mkdir -p "$scratch/shared/examples/data" "$scratch/shared/examples/jobs" "$scratch/var"
cp examples/jobs/*.json "$scratch/shared/examples/jobs/"
gzip -dc examples/data/flights-200k.ndjson.gz >"$scratch/shared/examples/data/flights-200k.ndjson"
block() { # the README's commands for that machine
  awk -v mark="<!-- $1 -->" '$0 == mark { found = 1 } found && /^```/ { inside = !inside; if (!inside) exit; next } inside' README.md
}
on() { # machine, script: as on that machine, its mounts and name its own
  ip netns exec "$tag-$1" unshare --mount --uts bash -euc "
    hostname $1
    mount -t tmpfs tmpfs /srv && mkdir /srv/slicebus && mount --bind '$scratch/shared' /srv/slicebus
    mount -t tmpfs tmpfs /var/lib && mkdir /var/lib/slicebus && mount --bind '$scratch/var' /var/lib/slicebus
    export PATH='$bin':\$PATH
    $2"
}
first=$(block "first machine")
worker=$(block "each worker machine")
post=$(block "from anywhere")
[ -n "$first" ] && [ -n "$worker" ] && [ -n "$post" ] || fail "README.md has lost the commands of \"More machines\""

say "first machine: $(tr '\n' ';' <<<"$first")"
on first "$first" >"$scratch/first.log" 2>&1 &
for machine in w1 w2; do
  on "$machine" "$worker" >"$scratch/$machine.log" 2>&1 &
done

api=http://10.0.0.1:5678
from_w1() { ip netns exec "$tag-w1" "$@"; }
state_of() { from_w1 curl -fsS "$api/cluster/state" | jq -r --arg node "$1" '.[$node].state // "absent"'; }
until_is() { # seconds, wanted, command…
  local deadline=$((SECONDS + $1)) wanted=$2 is
  shift 2
  until is=$("$@" 2>/dev/null) && [ "$is" = "$wanted" ]; do
    [ $SECONDS -lt $deadline ] || fail "not within the time: $* is \"${is:-}\", not \"$wanted\""
    sleep 0.2
  done
}
until_is 60 connected state_of w1
until_is 60 connected state_of w2
say "both workers are connected"

status_of() { from_w1 curl -fsS "$api/ex/$1" | jq -r ._status; }
