#!/usr/bin/env bash
# Every test of the project, from a clean clone on a fresh machine: unit tests with the race detector, the simulated world,
# the controllers against a real API server, end to end on a cluster. It installs the system packages that it needs, starts
# by cleaning up after a run that was killed, and ends with one line that counts.
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

choose_cluster
results="$(mktemp -d)"
failed=()
background=""

finish() {
  local rc=$?
  trap - EXIT
  if [[ -n "$background" ]] && kill -0 "$background" 2>/dev/null; then kill -- -"$background" 2>/dev/null || true; fi
  if [[ -z "${KEEP_CLUSTER:-}" && "$CLUSTER" != current ]]; then
    phase "taking the cluster down"
    cluster_down >&2 || rc=1
  fi
  phase_end
  rm -rf "$results"
  exit "$rc"
}

# run NAME KIND runs one kind of test and goes on after a failure: one run shows all that is broken.
run() {
  phase "$1"
  TEST_JSON="$results/$2.json" hack/scripts/gotest.sh "$2" || failed+=("$1")
}

# counted ACTION counts tests that ended so, subtests too, in all results.
counted() {
  cat "$results"/*.json 2>/dev/null | grep '"Test":' | grep -c "\"Action\":\"$1\"" || true
}

phase "preparing"
have go || die "go is not on PATH; install the version that go.mod names"
if [[ "$CLUSTER" == embedded ]]; then
  missing=()
  have gcc || missing+=(gcc libc6-dev)
  have openssl || missing+=(openssl)
  have flock || missing+=(util-linux)
  if ((${#missing[@]})); then
    note "installing ${missing[*]}"
    heartbeat "apt-get" bash -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -y -q --no-install-recommends "$@"' _ "${missing[@]}"
  fi
  build_localkube
  # Nothing of a run that was killed may be in the way of this one.
  if [[ -z "${KEEP_CLUSTER:-}" ]]; then "$LOCALKUBE" down >&2 || die "the remains of an earlier run cannot be removed; see above"; fi
fi
tool gotestsum >/dev/null
trap finish EXIT

if [[ "$CLUSTER" == embedded ]]; then
  # Kubernetes takes the longest to build when nothing is cached: it begins now, beside the unit tests.
  set -m
  nice -n 5 "$LOCALKUBE" build >"$results/localkube-build.log" 2>&1 &
  background=$!
  set +m
fi

run "unit tests with the race detector" race
run "simulation" sim
run "real processes, killed and out of room" process

if [[ -n "$background" ]]; then
  phase "waiting for the build of Kubernetes"
  while kill -0 "$background" 2>/dev/null; do
    tail -n 1 "$results/localkube-build.log" | sed 's/^/    /' >&2
    for _ in {1..30}; do kill -0 "$background" 2>/dev/null || break; sleep 1; done
  done
  wait "$background" || { tail -n 40 "$results/localkube-build.log" >&2; background=""; die "Kubernetes could not be built; see above"; }
  background=""
  run "unit tests of localkube" localkube
fi

run "controllers on a real API server" controllers
run "end to end" e2e

phase_end
passed="$(counted pass)" broken="$(counted fail)" skipped="$(counted skip)"
if ((${#failed[@]})); then
  printf 'failed: %s\n' "$(IFS=,; echo "${failed[*]}")"
  ((broken > 0)) || broken=${#failed[@]} # a package that did not compile has no test to count
fi
printf 'total: %d passed, %d failed, %d skipped\n' "$passed" "$broken" "$skipped"
((${#failed[@]} == 0))
