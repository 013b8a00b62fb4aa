#!/usr/bin/env bash
# Runs one kind of test: gotest.sh unit|race|sim|process|controllers|e2e [PACKAGE...]. The kinds that need a cluster bring it up
# (and leave it up, for the next run; make down takes it away).
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

kind="${1:-}"
shift || true

# summary ARGS... runs go test through gotestsum, whose last line counts the tests; results are kept for test.sh to add up.
summary() {
  local json="${TEST_JSON:-}"
  "$(tool gotestsum)" --format "${TEST_FORMAT:-pkgname-and-test-fails}" --format-hide-empty-pkg --hide-summary skipped \
    ${json:+--jsonfile-timing-events "$json"} -- "$@"
}

# packages lists the packages asked for, or all, without the ones that need a cluster.
packages() { go list "${@:-./...}" | grep -v '/hack/e2e'; }

# need_cluster brings the cluster up for tests that talk to a real API server.
need_cluster() {
  choose_cluster
  if [[ "$CLUSTER" == embedded ]]; then build_localkube; fi
  cluster_up
  export POSNET_TEST_KUBECONFIG="${KUBECONFIG:-$HOME/.kube/config}" POSNET_TEST_KUBECTL="$KUBECTL"
}

case "$kind" in
  unit)
    mapfile -t pkgs < <(packages "$@")
    summary -short "${pkgs[@]}"
    ;;
  race)
    mapfile -t pkgs < <(packages "$@")
    summary -race -short -timeout 20m "${pkgs[@]}"
    ;;
  sim)
    failed=0
    POSNET_SIM_HEIGHTS="${HEIGHTS:-3000}" summary -count=1 -timeout 30m ./node/sim/... ./node/replica || failed=1
    # Worlds that nobody has seen before. What it prints names the seeds, and how often each fault struck.
    go build -o bin/posnet-sim ./cmd/posnet
    bin/posnet-sim sim --profile all --seeds "${SEEDS:-150}" --seed "${SEED:-$(date +%s)}" --jobs "$(nproc)" || failed=1
    ((failed == 0))
    ;;
  process)
    # Real processes that are killed, and a real disk that is filled. The disk needs root; without it that test says so
    # and is skipped.
    summary -count=1 -timeout 30m -run '^TestProcess' ./cmd/posnet
    ;;
  localkube)
    # A module of its own, with the Kubernetes modules as dependencies; its tests need neither root nor a cluster.
    (cd hack/localkube && summary ./cmd/localkube/... ./internal/...)
    # So is the comparison with other chain engines.
    (cd hack/bench && TEST_JSON="${TEST_JSON:+${TEST_JSON%.json}-bench.json}" summary ./...)
    ;;
  controllers)
    need_cluster
    summary -count=1 -timeout 15m ./controllers/...
    ;;
  e2e)
    need_cluster
    build_localkube
    build_image_tar
    cluster_load "$IMAGE_TAR"
    POSNET_E2E_HELM="$(tool helm)"
    export POSNET_E2E_HELM POSNET_E2E_IMAGE="$IMAGE_REPOSITORY:$IMAGE_TAG" POSNET_E2E_POSNET="$ROOT/bin/posnet"
    summary -count=1 -timeout 40m -parallel 2 ./hack/e2e/...
    ;;
  *) die "usage: gotest.sh unit|race|sim|process|localkube|controllers|e2e [PACKAGE...]" ;;
esac
