#!/usr/bin/env bash
# Builds log software for test/long/real-logs.test.ts with Go, once, in a folder of the user outside the repository, and prints the path of
# the program: bash test/real-logs/fetch-log-software.sh tesseract|ctfe
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
logs="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/logs"
export GOFLAGS=-mod=mod
case "$1" in
tesseract)
  version=v0.1.1
  program="$logs/tesseract-$version/posix"
  [ -x "$program" ] || GOBIN="$(dirname "$program")" go install "github.com/transparency-dev/tesseract/cmd/tesseract/posix@$version" >&2
  ;;
ctfe)
  version="$(cat "$here"/ctfe/* | sha256sum | cut -c 1-12)"
  program="$logs/ctfe-$version/ctfe-of-the-tests"
  if [ ! -x "$program" ]; then
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    cp "$here"/ctfe/* "$work"
    cd "$work"
    mkdir -p "$(dirname "$program")"
    # The schema of the database is part of Trillian.
    go mod download github.com/google/trillian >&2
    cp "$(go list -m -f '{{.Dir}}' github.com/google/trillian)/storage/postgresql/schema/storage.sql" "$(dirname "$program")/"
    go build -o "$program" . >&2
  fi
  ;;
esac
echo "$program"
