#!/usr/bin/env bash
# Takes away what `make up` made. With the embedded cluster: every process, mount, namespace, link and rule of it. With
# kind: the kind cluster. With the current context: the demo network, the operator and the CRDs; the cluster stays.
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

# What was brought up is what is taken down, unless CLUSTER says otherwise.
if [[ -z "${CLUSTER:-}" && -f .localkube/cluster ]]; then CLUSTER="$(<.localkube/cluster)"; fi
choose_cluster
phase "taking the $CLUSTER cluster down"
if [[ "$CLUSTER" == current ]]; then
  namespace="${NAMESPACE:-posnet-demo}"
  if kubectl get namespace "$namespace" >/dev/null 2>&1; then
    kubectl delete --wait --timeout=120s --ignore-not-found -n "$namespace" -f config/samples/demo.yaml >&2
    kubectl delete namespace --wait --timeout=120s "$namespace" >&2
  fi
  "$(tool helm)" uninstall posnet --namespace posnet-system --ignore-not-found --wait >&2
  kubectl delete namespace --ignore-not-found posnet-system >&2
  note "the CRD stays, because deleting it deletes every network in the cluster: kubectl delete crd posnetworks.posnet.dev"
else
  cluster_down
fi
rm -f .localkube/cluster
phase_end
