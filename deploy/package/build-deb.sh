#!/usr/bin/env bash
# Builds the Debian package from the built application (`npm run build` first).
#
#   deploy/package/build-deb.sh FOLDER [amd64|arm64] [VERSION]
#
# Needs nfpm, on the PATH or from deploy/test/fetch-tools.sh. DEB_MAINTAINER names the maintainer.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { echo "usage: deploy/package/build-deb.sh FOLDER [amd64|arm64] [VERSION]" >&2; exit 2; }

PATH="$PATH:${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/tools"
target=$(realpath -m "$1")
DEB_ARCH=${2:-amd64}
DEB_VERSION=${3:-$(node -p "require('./package.json').version")}
DEB_MAINTAINER=${DEB_MAINTAINER:-certstream-server-nest <certstream-server-nest@localhost.localdomain>}
DEB_WORK=$(mktemp -d)
DEB_ROOT=$DEB_WORK/root
trap 'rm -rf "$DEB_WORK"' EXIT
export DEB_ARCH DEB_VERSION DEB_MAINTAINER DEB_WORK DEB_ROOT

node deploy/package/assemble.mjs "$DEB_ROOT" --cpu "$DEB_ARCH"
# The licence is in the copyright file.
rm -f "$DEB_ROOT/LICENSE"
mkdir "$DEB_WORK/doc"
mv "$DEB_ROOT"/*.md "$DEB_ROOT/deploy" "$DEB_ROOT/examples" "$DEB_WORK/doc"
cp -R docs "$DEB_WORK/doc/docs"
chmod -R u=rwX,go=rX "$DEB_ROOT" "$DEB_WORK/doc"
chmod +x "$DEB_ROOT/dist/cli/bin.js"

{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: certstream-server-nest\n\n'
  printf 'Files: *\nCopyright: %s\nLicense: Expat\n' "$(sed -n 's/^Copyright (c) //p' LICENSE | head -1)"
  sed '1,/^Copyright/d' LICENSE | sed '/./,$!d' | sed 's/^$/./; s/^/ /'
  printf '\nComment: Each package in node_modules has a licence of its own, in its folder.\n'
} >"$DEB_WORK/copyright"
{
  printf 'certstream-server (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md beside this file.\n\n' "$DEB_VERSION"
  printf ' -- %s  %s\n' "$DEB_MAINTAINER" "$(date -uR -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")"
} | gzip -9n >"$DEB_WORK/changelog.gz"
gzip -9nc deploy/package/certstream-server.1 >"$DEB_WORK/certstream-server.1.gz"
cat >"$DEB_WORK/default" <<'EOF'
# Variables of certstream-server, read as root before it starts. Keys of the configuration and secrets of outputs:
# CERTSTREAM_WEBSERVER_LISTEN_PORT=8080
# KAFKA_PASSWORD=...        with `password_env: KAFKA_PASSWORD` in the configuration
EOF

mkdir -p "$target"
nfpm package --packager deb --config deploy/package/nfpm.yaml --target "$target"
