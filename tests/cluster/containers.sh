# Sourced by the tests that need a docker daemon: uses the one there is, else starts one of its own and stops it by its id.
# Sets `scratch` (a directory, removed at the end), DOCKER_HOST and COMPOSE; provides the image debian:bookworm-slim.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
daemon=

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

at_end() { :; }  # the test's own clean-up
finish() {
  local code=$?
  set +e
  at_end
  if [ -n "$daemon" ]; then
    kill -TERM "$daemon" 2>/dev/null
    wait "$daemon"
  fi
  # overlay mounts of a daemon that was cut short
  awk -v under="$scratch/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
  rm -rf "$scratch"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

if ! docker info >/dev/null 2>&1; then
  [ "$(id -u)" -eq 0 ] || fail "no docker daemon answers, and only root can start one"
  DOCKER_HOST=unix://$scratch/docker.sock
  export DOCKER_HOST
  dockerd -H "$DOCKER_HOST" --data-root "$scratch/docker" --exec-root "$scratch/exec" --pidfile "$scratch/docker.pid" >"$scratch/dockerd.log" 2>&1 &
  daemon=$!
  for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && break
    kill -0 "$daemon" 2>/dev/null || { tail -n 20 "$scratch/dockerd.log" >&2; fail "dockerd does not start"; }
    sleep 0.5
  done
  docker info >/dev/null 2>&1 || fail "dockerd does not answer within 60 s"
fi
if docker compose version >/dev/null 2>&1; then COMPOSE=(docker compose); else COMPOSE=(docker-compose); fi

if ! docker image inspect debian:bookworm-slim >/dev/null 2>&1 && ! docker pull -q debian:bookworm-slim >/dev/null 2>&1; then
  say "no image registry: the base image is made from this machine's package mirror"
  mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list)
  debootstrap --variant=minbase bookworm "$scratch/rootfs" "$mirror" >"$scratch/debootstrap.log" 2>&1 ||
    { tail -n 5 "$scratch/debootstrap.log" >&2; fail "debootstrap"; }
  tar -C "$scratch/rootfs" -c --exclude=./var/cache/apt/archives --exclude=./var/lib/apt/lists . |
    docker import -c 'CMD ["bash"]' - debian:bookworm-slim >/dev/null
  rm -rf "$scratch/rootfs"
fi
