#!/usr/bin/env bash
# Builds pinned tools (hack/tools) into a cache and prints where they are.
#   tool.sh NAME          build NAME if it is not there, print its path
#   tool.sh --dir NAME... build them, print the directory to put on PATH
#   tool.sh --all         build all
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TOOLS=(controller-gen oapi-codegen gotestsum helm kubeconform actionlint govulncheck golangci-lint)

package_of() {
  case "$1" in
    controller-gen) echo sigs.k8s.io/controller-tools/cmd/controller-gen ;;
    oapi-codegen) echo github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen ;;
    gotestsum) echo gotest.tools/gotestsum ;;
    helm) echo helm.sh/helm/v4/cmd/helm ;;
    kubeconform) echo github.com/yannh/kubeconform/cmd/kubeconform ;;
    actionlint) echo github.com/rhysd/actionlint/cmd/actionlint ;;
    govulncheck) echo golang.org/x/vuln/cmd/govulncheck ;;
    golangci-lint) echo github.com/golangci/golangci-lint/v2/cmd/golangci-lint ;;
    *) die "no tool named $1; there are: ${TOOLS[*]}" ;;
  esac
}

have go || die "go is not on PATH; install the version that go.mod names"
# The directory is named after everything that decides what is built: an old cache is never used for new pins.
key="$({ cat hack/tools/go.mod hack/tools/go.sum; go env GOVERSION GOOS GOARCH; } | sha256sum | cut -c1-16)"
DIR="$CACHE/tools/$key"
mkdir -p "$DIR"

build() {
  local name="$1" package
  package="$(package_of "$name")"
  [[ -x "$DIR/$name" ]] && return 0
  (
    flock 9 # two terminals that want the same tool build it once
    [[ -x "$DIR/$name" ]] && exit 0
    note "building $name (once; kept in $DIR)"
    heartbeat "building $name" nice -n 10 env CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
      go build -C hack/tools -trimpath -ldflags '-s -w' -o "$DIR/$name.new" "$package"
    mv "$DIR/$name.new" "$DIR/$name"
  ) 9>"$DIR/.lock-$name"
}

case "${1:-}" in
  "" | -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  --all) for t in "${TOOLS[@]}"; do build "$t"; done; echo "$DIR" ;;
  --dir) shift; for t in "$@"; do build "$t"; done; echo "$DIR" ;;
  *) build "$1"; echo "$DIR/$1" ;;
esac
