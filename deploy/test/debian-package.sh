#!/usr/bin/env bash
# Builds the Debian package, checks it with lintian, and installs, starts, upgrades, removes and purges it in a minimal Debian below a
# temporary folder. Run `npm run build` first. Needs root, debootstrap, lintian and nfpm (deploy/test/fetch-tools.sh). systemd does not run
# there: the server is started with the command of the unit, as another user.
set -euo pipefail
cd "$(dirname "$0")/../.."

suite=trixie
cache="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/image"
for tool in debootstrap lintian curl; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is missing (apt-get install debootstrap lintian)"; exit 0; }
done
work=$(mktemp -d)
root=$work/root
cleanup() {
  [ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
say() { printf '\n== %s\n' "$*"; }
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

say "build two versions"
version=$(node -p "require('./package.json').version")
next=${version}+1
deploy/package/build-deb.sh "$work" amd64 "$version"
deploy/package/build-deb.sh "$work" amd64 "$next"
ls -l "$work"/*.deb

say "lintian"
lintian --allow-root --tag-display-limit 0 --fail-on error,warning "$work/certstream-server_${version}_amd64.deb"

say "a minimal Debian $suite"
mkdir -p "$root" "$cache"
if [ ! -e "$cache/$suite.tar" ]; then
  mirror=${DEBIAN_MIRROR:-$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -1 | tr -d ' ')}
  debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/log" || { tail "$work/log"; exit 1; }
  tar -cf "$cache/$suite.tar.part" -C "$root" . && mv "$cache/$suite.tar.part" "$cache/$suite.tar"
else
  tar -xf "$cache/$suite.tar" -C "$root"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
cp "$work"/*.deb "$root/srv"

say "install"
in_root apt-get update -qq
in_root apt-get install -y -qq --no-install-recommends "/srv/certstream-server_${version}_amd64.deb" >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
in_root dpkg-query -W certstream-server nodejs
in_root certstream-server --version
in_root certstream-server validate
in_root sh -c 'ls -l /etc/systemd/system/multi-user.target.wants'

say "start with the command of the unit, as another user"
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/certstream-server.service")
port=$((20000 + RANDOM % 20000))
install -d -o 61000 -g 61000 "$root/var/lib/certstream-server"
# shellcheck disable=SC2086 # the command and its arguments
chroot "$root" setpriv --reuid 61000 --regid 61000 --clear-groups --no-new-privs --bounding-set=-all \
  env -i -C /var/lib/certstream-server PATH=/usr/bin:/bin CERTSTREAM_WEBSERVER_LISTEN_PORT=$port CERTSTREAM_PROMETHEUS_LISTEN_PORT=$port \
  CERTSTREAM_GENERAL_DISABLE_DEFAULT_LOGS=true CERTSTREAM_GENERAL_ADDITIONAL_LOGS='[{"url": "http://127.0.0.1:9/log"}]' $command >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 150); do curl -fs "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.2; done
curl -fsS "http://127.0.0.1:$port/healthz" || { cat "$work/server.log"; exit 1; }
echo
kill -HUP "$server"
until grep -q reloaded "$work/server.log"; do kill -0 "$server"; sleep 0.2; done
grep -a reloaded "$work/server.log"
kill -TERM "$server"
wait "$server"
server=
tail -1 "$work/server.log"

say "upgrade: a changed configuration stays"
in_root sh -c 'echo "# changed here" >>/etc/certstream-server/config.yaml'
in_root dpkg -i --force-confdef "/srv/certstream-server_${next}_amd64.deb" >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
in_root dpkg-query -W certstream-server
tail -1 "$root/etc/certstream-server/config.yaml" | grep 'changed here'

say "remove: the configuration and the data stay"
in_root apt-get remove -y -qq certstream-server >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
[ ! -e "$root/usr/bin/certstream-server" ] && [ ! -e "$root/usr/lib/certstream-server" ]
[ -e "$root/etc/certstream-server/config.yaml" ] && [ -d "$root/var/lib/certstream-server" ] && echo yes

say "purge: nothing stays"
in_root apt-get purge -y -qq certstream-server >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
left=$(find "$root" -xdev -iname '*certstream*' -not -path "$root/srv/*" -not -path "$root/proc/*")
[ -z "$left" ] && echo yes || { echo "left: $left"; exit 1; }

say passed
