#!/usr/bin/env bash
# Builds the nats-server of the tests with replicas with Go, once, in a folder of the user outside the repository, and prints its path:
# Debian's is too old for replicas.
set -euo pipefail
version=v2.12.15
program="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/nats-server-$version/nats-server"
export GOFLAGS=-mod=mod
[ -x "$program" ] || GOBIN="$(dirname "$program")" go install "github.com/nats-io/nats-server/v2@$version" >&2
echo "$program"
