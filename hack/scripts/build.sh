#!/usr/bin/env bash
# Builds the programs into bin/ (or OUT), static and reproducible: the same commit gives the same bytes on every machine.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

have go || die "go is not on PATH; install the version that go.mod names"
OUT="${OUT:-bin}"
mkdir -p "$OUT"
telemetry=github.com/posnet/posnet/node/telemetry
ldflags="-s -w -X $telemetry.Version=${VERSION:-dev} -X $telemetry.Revision=${REVISION:-}"
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false"

build() { # build NAME PACKAGE
  LOG='' heartbeat "building $1" go build -ldflags "$ldflags" -o "$OUT/$1" "$2"
}
build posnet ./cmd/posnet
if [[ "${1:-}" == posnet ]]; then exit 0; fi # the node alone
build posnet-operator ./cmd/operator
if [[ -d cmd/kubectl-posnet ]]; then build kubectl-posnet ./cmd/kubectl-posnet; fi
