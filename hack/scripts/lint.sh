#!/usr/bin/env bash
# Lints Go, shell and workflows: lint.sh [PACKAGE...]. golangci-lint is built on first use, which takes minutes; later runs
# use its cache.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

phase "gofmt"
unformatted="$(git ls-files --cached --others --exclude-standard -- '*.go' | while read -r f; do [[ -f "$f" ]] && echo "$f"; done | xargs -r gofmt -s -l)"
[[ -z "$unformatted" ]] || die "not formatted, run make fmt: $(tr '\n' ' ' <<<"$unformatted")"

phase "shell"
for script in hack/scripts/*.sh .ci/run; do bash -n "$script"; done
if have shellcheck; then shellcheck -x -P hack/scripts -s bash hack/scripts/*.sh .ci/run; else note "shellcheck is not installed: syntax only"; fi

phase "workflows"
"$(tool actionlint)" -shellcheck= -pyflakes= .github/workflows/*.yml

phase "golangci-lint"

nice -n 5 "$(tool golangci-lint)" run --timeout 20m "${@:-./...}"
phase_end
