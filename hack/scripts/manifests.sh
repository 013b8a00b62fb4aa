#!/usr/bin/env bash
# Checks the manifests without a cluster: helm lint, then kubeconform over what the chart renders and over config/.
# The stricter check, a server-side dry run, is part of the end-to-end tests.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

helm="$(tool helm)"
phase "helm lint"
"$helm" lint --strict charts/posnet

phase "rendered manifests"
rendered="$(mktemp -d)"
trap 'rm -rf "$rendered"' EXIT
"$helm" template posnet charts/posnet --namespace posnet-system --include-crds >"$rendered/defaults.yaml"
for values in charts/posnet/ci/*.yaml; do
  [[ -f "$values" ]] || continue
  "$helm" template posnet charts/posnet --namespace posnet-system --include-crds --values "$values" >"$rendered/$(basename "$values")"
done
# kubeconform takes its schemas from the network. Where there is none (OFFLINE=1), the schemas of the kinds that we define
# are still ours: the CRD's own. Everything else is left to the dry run.
schemas=(-schema-location default)
if [[ -n "${OFFLINE:-}" ]]; then
  note "OFFLINE: built-in kinds are checked by the dry run of the end-to-end tests only"
else
  "$(tool kubeconform)" -strict -summary -ignore-missing-schemas "${schemas[@]}" "$rendered"
fi
phase_end
