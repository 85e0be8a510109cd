#!/usr/bin/env bash
# Builds the image of the real Dockerfile without a Docker engine and without an image registry, and runs it: read-only, not as root,
# without capabilities. Needs root, buildah and debootstrap. Stand-ins replace both base images: a minimal Debian, and the
# same with Node.js of the version that the Dockerfile names.
#
#   deploy/test/build-image.sh [--keep]    --keep leaves the image for other commands; the folder of its storage is printed
#
# DEBIAN_MIRROR names another mirror than that of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in buildah debootstrap npm curl; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is missing (apt-get install buildah debootstrap)"; exit 0; }
done

cache="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/image"
version=$(sed -n 's/^ARG NODE_IMAGE=node:\([0-9.]*\)-.*/\1/p' Dockerfile)
suite=$(sed -n 's/^ARG RUNTIME_IMAGE=debian:\([a-z]*\)-.*/\1/p' Dockerfile)
case "$(dpkg --print-architecture)" in amd64) cpu=x64 ;; *) cpu=$(dpkg --print-architecture) ;; esac
work=$(mktemp -d)
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
storage=(--root "$work/storage" --runroot "$work/run")
cleanup() {
  [ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
  buildah "${storage[@]}" umount --all >/dev/null 2>&1 || true
  [ "${keep:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
[ "${1:-}" = --keep ] && keep=1

say() { printf '\n== %s\n' "$*"; }

mkdir -p "$cache"
if [ ! -e "$cache/$suite.tar" ]; then
  say "debootstrap $suite"
  mirror=${DEBIAN_MIRROR:-$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -1 | tr -d ' ')}
  debootstrap --variant=minbase "$suite" "$work/rootfs" "${mirror:-}" >"$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
  rm -rf "$work/rootfs/var/cache/apt/archives" "$work/rootfs/var/lib/apt/lists"
  tar -cf "$cache/$suite.tar.part" -C "$work/rootfs" . && mv "$cache/$suite.tar.part" "$cache/$suite.tar"
  rm -rf "$work/rootfs"
fi
if [ ! -x "$cache/node-$version/bin/node" ]; then
  say "Node.js $version and npm, from the npm registry"
  npm install --prefix "$cache/npm-$version" --no-audit --no-fund --no-save --loglevel=error "node-linux-$cpu@$version" npm@11
  mkdir -p "$cache/node-$version/bin" "$cache/node-$version/lib/node_modules"
  cp "$cache/npm-$version/node_modules/node-linux-$cpu/bin/node" "$cache/node-$version/bin/node"
  cp -r "$cache/npm-$version/node_modules/npm" "$cache/node-$version/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$cache/node-$version/bin/npm"
fi

say "stand-ins for the base images: debian:$suite-slim, node:$version"
base=$(buildah "${storage[@]}" from scratch)
buildah "${storage[@]}" add -q "$base" "$cache/$suite.tar" /
buildah "${storage[@]}" commit -q "$base" localhost/debian >/dev/null
buildah "${storage[@]}" add -q "$base" "$cache/node-$version" /usr/local
# Settings of this machine for npm; the final stage takes nothing of them.
buildah "${storage[@]}" config --env "NPM_CONFIG_REGISTRY=$(npm config get registry)" "$base"
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  buildah "${storage[@]}" add -q "$base" "$NODE_EXTRA_CA_CERTS" /etc/build-ca.pem
  buildah "${storage[@]}" config --env NODE_EXTRA_CA_CERTS=/etc/build-ca.pem "$base"
fi
buildah "${storage[@]}" commit -q --rm "$base" localhost/node >/dev/null

say "buildah bud (the Dockerfile as it is)"
buildah "${storage[@]}" bud --format docker --pull-never -q -t localhost/certstream \
  --build-arg NODE_IMAGE=localhost/node --build-arg RUNTIME_IMAGE=localhost/debian . >"$work/bud.log" 2>&1 ||
  { tail -40 "$work/bud.log"; exit 1; }

say "the image"
config() { buildah "${storage[@]}" inspect --type image --format "{{$1}}" localhost/certstream; }
echo "user=$(config .OCIv1.Config.User) workdir=$(config .OCIv1.Config.WorkingDir) volumes=$(config .OCIv1.Config.Volumes)"
echo "entrypoint=$(config .OCIv1.Config.Entrypoint) health=$(config .Docker.Config.Healthcheck.Test)"
buildah "${storage[@]}" push -q localhost/certstream "oci-archive:$work/image.tar"
compressed=$(tar -tvf "$work/image.tar" | awk '/blobs/ { sum += $3 } END { print sum }')
rm "$work/image.tar"
echo "size of the compressed layers: $((compressed / 1000000)) MB"
[ "$compressed" -lt 120000000 ] || { echo "larger than 120 MB"; exit 1; }

# Runs the image like `docker run --read-only --cap-drop ALL --security-opt no-new-privileges`: the command is process 1 of its own
# process and mount namespaces, with the user, the variables and the working folder of the image.
root=$(buildah "${storage[@]}" mount "$(buildah "${storage[@]}" from --pull-never localhost/certstream)")
entrypoint=$(config 'index .OCIv1.Config.Entrypoint 0')
IFS=: read -r uid gid <<<"$(config .OCIv1.Config.User)"
mapfile -t variables < <(config 'range .OCIv1.Config.Env}}{{println .}}{{end' | grep .)
mkdir "$work/volume" && cp -a "$root/data/." "$work/volume/" && chown --reference="$root/data" "$work/volume" && chmod --reference="$root/data" "$work/volume"
run() { # PLACE|- ARGUMENT...
  local place=$1
  shift
  if [ "$place" != - ]; then mkdir -p "$(dirname "$root$place")" && touch "$root$place"; fi
  exec unshare --mount --pid --fork --kill-child sh -euc '
    root=$1 place=$2 work=$3 workdir=$4
    shift 4
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --bind "$work/volume" "$root/data"
    if [ "$place" != - ]; then mount --bind "$work/config.yaml" "$root$place"; fi
    mount -o remount,bind,ro "$root"
    exec chroot "$root" sh -c "cd $workdir; exec \"\$@\"" sh "$@"
  ' sh "$root" "$place" "$work" "$(config .OCIv1.Config.WorkingDir)" \
    setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env -i "${variables[@]}" "$@"
}

say "certstream-server --version in the container"
(run - "$entrypoint" --version)

say "without a configuration: the defaults"
(run - "$entrypoint" validate)

# The two places of the Go server's image. The log does not exist, so that nothing leaves the machine.
port=$((20000 + RANDOM % 20000))
cat >"$work/config.yaml" <<YAML
webserver: { listen_addr: 127.0.0.1, listen_port: $port }
prometheus: { listen_addr: 127.0.0.1, listen_port: $port }
general:
  disable_default_logs: true
  additional_logs: [{ url: 'http://127.0.0.1:9/log' }]
  recovery: { ct_index_file: ./ct_index.json }
journal: { store: disk, path: ./journal, max_gb: 1 }
YAML
chmod 644 "$work/config.yaml"
for place in /app/config.yaml /app/config/config.yaml; do
  say "run with -v config.yaml:$place, read-only root, user $uid, as process 1"
  (run "$place" "$entrypoint") >"$work/server.log" 2>&1 &
  shell=$!
  for _ in $(seq 150); do curl -fs "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.2; done
  curl -fsS "http://127.0.0.1:$port/healthz" || { cat "$work/server.log"; exit 1; }
  echo
  grep -F "$place" "$work/server.log"
  server=$(pgrep -P "$shell")
  echo "command: $(tr '\0' ' ' </proc/"$server"/cmdline)"
  grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|NSpid)' "/proc/$server/status" | tr '\n' ' '; echo
  refused=$(nsenter -t "$server" -p -m -r -w/ setpriv --reuid 0 touch /usr/x 2>&1 || true)
  echo "$refused"
  [[ $refused == *'Read-only file system'* ]]
  nsenter -t "$server" -p -m -r -w/ setpriv --reuid "$uid" --regid "$gid" --clear-groups env -i -C /data "${variables[@]}" "$entrypoint" health
  kill -TERM "$server"
  code=0; wait "$shell" || code=$?
  tail -1 "$work/server.log"
  echo "files in /data: $(cd "$work/volume" && ls)"
  server=
  echo "exit code after SIGTERM: $code"
  [ "$code" = 0 ]
  rm -f "$root$place"
done

say "passed"
[ -z "${keep:-}" ] || echo "storage: $work"
