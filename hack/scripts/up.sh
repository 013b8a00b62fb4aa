#!/usr/bin/env bash
# From nothing to a proof-of-stake network with final transactions: chooses a cluster, builds what is missing, installs the
# chart, applies the demo network, sends transactions, and shows what happened. Safe to repeat.
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

NAMESPACE="${NAMESPACE:-posnet-demo}"
SYSTEM=posnet-system
SAMPLE=config/samples/demo.yaml
NETWORK=demo
LOCAL_API="" # where the network's API is reached from here, once the port is forwarded
work="$(mktemp -d)"
forwarder=""

finish() {
  local rc=$?
  if [[ -n "$forwarder" ]]; then kill "$forwarder" 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$rc"
}
trap finish EXIT

check_machine() {
  have go || die "go is not on PATH; install the version that go.mod names"
  have git || die "git is not on PATH; install it"
  local want have_kb
  # A cold build of Kubernetes needs about 8 GiB for caches; with the caches there, 2 GiB do.
  want=2
  if [[ "$CLUSTER" == embedded && ! -d "$CACHE/localkube" ]]; then want=8; fi
  have_kb="$(df -Pk "$ROOT" | awk 'NR == 2 {print $4}')"
  ((have_kb >= want * 1024 * 1024)) || die "$((have_kb / 1024 / 1024)) GiB free at $ROOT, $want are needed; make room and try again"
  if [[ "$CLUSTER" == current && -z "${IMAGE_REF:-}" ]]; then
    die "CLUSTER=current needs an image that the cluster can pull: push one (make image) and give IMAGE_REF=registry/posnet:tag"
  fi
}

image_values() {
  if [[ -n "${IMAGE_REF:-}" ]]; then
    IMAGE_REPOSITORY="${IMAGE_REF%:*}" IMAGE_TAG="${IMAGE_REF##*:}"
    return
  fi
  build_image_tar
}

install_chart() {
  "$HELM" upgrade --install posnet charts/posnet --namespace "$SYSTEM" --create-namespace \
    --set image.repository="$IMAGE_REPOSITORY" --set image.tag="$IMAGE_TAG" --wait --timeout 150s
}

# show_trouble says what keeps the network from being ready, for whoever has to find out why.
show_trouble() {
  {
    echo
    "$KUBECTL" -n "$NAMESPACE" get posnet,statefulset,pods,pvc -o wide || true
    "$KUBECTL" -n "$NAMESPACE" get posnet "$NETWORK" \
      -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}' || true
    "$KUBECTL" -n "$NAMESPACE" get events --sort-by=.lastTimestamp | tail -n 15 || true
    "$KUBECTL" -n "$SYSTEM" logs -l app.kubernetes.io/component=operator --tail=20 --all-containers || true
  } >&2
}

wait_ready() {
  "$KUBECTL" create namespace "$NAMESPACE" --dry-run=client -o yaml | "$KUBECTL" apply --server-side -f - >/dev/null
  "$KUBECTL" -n "$NAMESPACE" apply --server-side -f "$SAMPLE" >&2
  local began=$SECONDS state=""
  until "$KUBECTL" -n "$NAMESPACE" wait --for=condition=Ready "posnet/$NETWORK" --timeout=10s >/dev/null 2>&1; do
    state="$("$KUBECTL" -n "$NAMESPACE" get posnet "$NETWORK" -o jsonpath='{.status.conditions[?(@.type=="Ready")].reason}: {.status.conditions[?(@.type=="Ready")].message}' 2>/dev/null || true)"
    note "not ready after $((SECONDS - began)) s: ${state:-no status yet}"
    if ((SECONDS - began >= 300)); then
      show_trouble
      die "the network did not become ready in 300 s; what is known is above"
    fi
  done
}

# forward makes the network's API reachable on a free port of this machine.
forward() {
  "$KUBECTL" -n "$NAMESPACE" port-forward "svc/$NETWORK-api" :8050 >"$work/forward" 2>&1 &
  forwarder=$!
  for _ in {1..100}; do
    LOCAL_API="$(sed -n 's/^Forwarding from \(127\.0\.0\.1:[0-9]*\).*/http:\/\/\1/p' "$work/forward" | head -n 1)"
    [[ -n "$LOCAL_API" ]] && return 0
    kill -0 "$forwarder" 2>/dev/null || break
    sleep 0.1
  done
  die "cannot reach the API of the network: $(tr '\n' ' ' <"$work/forward")"
}

# send_transactions funds two new accounts from the faucet and lets one pay the other, each waiting until it is final.
send_transactions() {
  local faucet="$work/faucet.pem"
  (umask 077 && "$KUBECTL" -n "$NAMESPACE" get secret "$NETWORK-faucet" -o jsonpath='{.data.account\.pem}' | base64 -d >"$faucet")
  bin/posnet keys generate --out "$work/alice.pem" >/dev/null
  bin/posnet keys generate --out "$work/bob.pem" >/dev/null
  local alice bob
  alice="$(bin/posnet keys show "$work/alice.pem" --address)"
  bob="$(bin/posnet keys show "$work/bob.pem" --address)"
  bin/posnet tx faucet "$alice" 100 --node "$LOCAL_API" --key-file "$faucet" --wait >&2
  bin/posnet tx faucet "$bob" 100 --node "$LOCAL_API" --key-file "$faucet" --wait >&2
  bin/posnet tx transfer "$bob" 1 --node "$LOCAL_API" --key-file "$work/alice.pem" --wait >&2
}

choose_cluster
phase "checking this machine"
check_machine
kind_of_run=warm
if [[ "$CLUSTER" == embedded && ! -d "$CACHE/localkube" ]]; then kind_of_run=cold; fi

if [[ "$CLUSTER" == embedded || -z "${IMAGE_REF:-}" ]]; then
  phase "building localkube"
  build_localkube
fi
phase "building the tools"
HELM="$(tool helm)"

phase "building posnet and its image"
image_values

phase "bringing up the $CLUSTER cluster"
cluster_up
mkdir -p .localkube && echo "$CLUSTER" >.localkube/cluster
if [[ -n "${IMAGE_TAR:-}" ]]; then cluster_load "$IMAGE_TAR" >&2; fi

phase "installing the operator"
heartbeat "helm" install_chart

phase "bringing the network to life"
wait_ready

phase "sending transactions"
forward
send_transactions

phase_end
echo
bin/posnet query status --node "$LOCAL_API"
echo
bin/posnet query blocks --node "$LOCAL_API" --limit 5
echo
"$KUBECTL" -n "$NAMESPACE" get posnet
took=$((SECONDS - STARTED))
mkdir -p "$CACHE"
echo "$kind_of_run $took" >>"$CACHE/up-times" # for make bench
cat <<TEXT

It took $took s. Three commands to try next:

  ${KUBECONFIG:+export KUBECONFIG=$KUBECONFIG; }$KUBECTL -n $NAMESPACE get posnet,pods
  $KUBECTL -n $NAMESPACE port-forward svc/$NETWORK-api 8050      then open http://127.0.0.1:8050/api/v1/docs/
  bin/posnet query draw 1                                        with that port open: who won the lottery of height 1, and why

make down takes it all away.
TEXT
