#!/usr/bin/env bash
# Builds the image of the real Dockerfile without a Docker engine and without an image registry, and runs it: read-only, not as root,
# without capabilities. Needs root, buildah, podman, crun and debootstrap. Stand-ins replace both base images: a minimal Debian, and the
# same with Node.js of the version that the Dockerfile names.
#
#   deploy/test/build-image.sh [--keep]    --keep leaves the image for other commands; the folder of its storage is printed
#
# DEBIAN_MIRROR names another mirror than that of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in buildah podman crun debootstrap npm curl; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is missing (apt-get install buildah podman crun debootstrap)"; exit 0; }
done

cache="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/image"
version=$(sed -n 's/^ARG NODE_IMAGE=node:\([0-9.]*\)-.*/\1/p' Dockerfile)
suite=$(sed -n 's/^ARG RUNTIME_IMAGE=debian:\([a-z]*\)-.*/\1/p' Dockerfile)
case "$(dpkg --print-architecture)" in amd64) cpu=x64 ;; *) cpu=$(dpkg --print-architecture) ;; esac
work=$(mktemp -d)
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
storage=(--root "$work/storage" --runroot "$work/run")
name=certstream-image-test-$$
cleanup() {
  podman "${storage[@]}" rm -f "$name" >/dev/null 2>&1 || true
  [ "${keep:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
[ "${1:-}" = --keep ] && keep=1

say() { printf '\n== %s\n' "$*"; }

mkdir -p "$cache"
if [ ! -e "$cache/$suite.tar" ]; then
  say "debootstrap $suite"
  mirror=${DEBIAN_MIRROR:-$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -1 | tr -d ' ')}
  debootstrap --variant=minbase "$suite" "$work/root" "${mirror:-}" >"$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
  rm -rf "$work/root/var/cache/apt/archives" "$work/root/var/lib/apt/lists"
  tar -cf "$cache/$suite.tar.part" -C "$work/root" . && mv "$cache/$suite.tar.part" "$cache/$suite.tar"
  rm -rf "$work/root"
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
podman "${storage[@]}" image inspect localhost/certstream \
  --format 'user={{.User}} workdir={{.Config.WorkingDir}} entrypoint={{.Config.Entrypoint}} volumes={{.Config.Volumes}}'
podman "${storage[@]}" save -q --format oci-archive -o "$work/image.tar" localhost/certstream
mkdir "$work/oci" && tar -xf "$work/image.tar" -C "$work/oci"
compressed=0
for blob in "$work"/oci/blobs/sha256/*; do
  # podman save writes layers uncompressed; registries store them with gzip.
  size=$(if gzip -t "$blob" 2>/dev/null; then wc -c <"$blob"; else gzip -c "$blob" | wc -c; fi)
  compressed=$((compressed + size))
done
echo "size of all layers with gzip: $((compressed / 1000000)) MB"
[ "$compressed" -lt 120000000 ] || { echo "larger than 120 MB"; exit 1; }
rm -rf "$work/oci" "$work/image.tar"

run=(podman "${storage[@]}" --cgroup-manager=cgroupfs run --cgroups=disabled --network=host --read-only --cap-drop=all
  --security-opt no-new-privileges --pull=never --ulimit "nofile=$(ulimit -n):$(ulimit -n)" --no-healthcheck)

say "certstream-server --version in the container"
"${run[@]}" --rm localhost/certstream --version

# A configuration at both places of the Go server's image. Its log does not exist, so that nothing leaves the machine.
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
for place in /app/config.yaml /app/config/config.yaml; do
  say "run with -v config.yaml:$place, read-only root, uid 65532"
  "${run[@]}" -d --name "$name" -v "$work/config.yaml:$place:ro" -v certstream-test-data:/data localhost/certstream >/dev/null
  for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.2; done
  curl -fsS "http://127.0.0.1:$port/healthz"; echo
  podman "${storage[@]}" logs "$name" 2>&1 | grep -F "$place"
  podman "${storage[@]}" exec "$name" certstream-server health
  podman "${storage[@]}" exec "$name" sh -c 'id -u; ls /data; touch /usr/x 2>&1 || true; tr "\0" " " </proc/1/cmdline'; echo
  podman "${storage[@]}" kill -s TERM "$name" >/dev/null
  code=$(podman "${storage[@]}" wait "$name")
  podman "${storage[@]}" logs "$name" 2>&1 | tail -1
  echo "exit code after SIGTERM: $code"
  [ "$code" = 0 ]
  podman "${storage[@]}" rm "$name" >/dev/null
done
podman "${storage[@]}" volume rm certstream-test-data >/dev/null

say "without a configuration: the defaults"
"${run[@]}" --rm localhost/certstream validate

say "passed"
[ -z "${keep:-}" ] || echo "storage: $work"
