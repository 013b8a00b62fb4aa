#!/usr/bin/env bash
# Generates what is generated: deep copies, CRDs, RBAC, API stubs, and the copies of them in the chart.
#   generate.sh           write it
#   generate.sh --check   write it, and fail if that changed anything
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PATH="$("$ROOT/hack/scripts/tool.sh" --dir controller-gen oapi-codegen):$PATH"
export PATH

# Every file that some generator here writes.
generated() {
  { git ls-files --cached --others --exclude-standard -- 'config/crd/*.yaml' 'config/rbac/role.yaml' 'charts/posnet/crds/*' \
      'charts/posnet/files/*'
    git ls-files --cached --others --exclude-standard -- '*.go' | xargs -r grep -lE '^// Code generated .* DO NOT EDIT\.$' --
  } 2>/dev/null | LC_ALL=C sort -u
}
state() { generated | while read -r f; do [[ -f "$f" ]] && sha256sum "$f"; done; }

before=""
if [[ "${1:-}" == --check ]]; then before="$(state)"; fi

controller-gen object paths=./api/...
controller-gen crd:allowDangerousTypes=false paths=./api/... output:crd:artifacts:config=config/crd
controller-gen rbac:roleName=posnet-operator paths=./controllers/... output:rbac:artifacts:config=config/rbac
go generate ./...
# The chart carries the CRD and the role: one source, two places, and this line between them.
cp config/crd/posnet.dev_*.yaml config/rbac/role.yaml charts/posnet/files/

if [[ "${1:-}" == --check ]]; then
  after="$(state)"
  if [[ "$before" != "$after" ]]; then
    { diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") || true; } | sed -n 's/^> [0-9a-f]*  /  changed: /p' >&2
    die "generated files were not up to date; they are now: look at them and commit them"
  fi
fi
