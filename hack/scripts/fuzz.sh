#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other: fuzz.sh [TIME [PACKAGES…]]. What a target finds stays in its
# testdata/fuzz, to be committed as a test. At the end it says how many inputs each target tried. FUZZFLAGS goes to go test
# (-parallel=1 leaves the other processors to others).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for_each="${1:-30s}"
shift || true
packages=("$@")
if ((${#packages[@]} == 0)); then
  mapfile -t packages < <(git grep -l --untracked '^func Fuzz' -- '*_test.go' ':!hack/localkube' ':!hack/bench' | xargs -r -n1 dirname | sort -u | sed 's#^#./#')
fi
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
failed=() tried=()
for package in "${packages[@]}"; do
  targets="$(go test "$package" -list '^Fuzz' </dev/null | grep '^Fuzz' || true)"
  for target in $targets; do
    phase "$package $target for $for_each"
    # shellcheck disable=SC2086
    go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$for_each" ${FUZZFLAGS:-} </dev/null 2>&1 | tee "$log" || failed+=("$package $target")
    tried+=("$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n1 | grep . || echo 0) $package $target")
  done
done
phase_end
printf '%12s  %s\n' inputs target
for line in "${tried[@]}"; do printf '%12s  %s\n' "${line%% *}" "${line#* }"; done
((${#failed[@]} == 0)) || die "found something in: ${failed[*]}; the input is in that package's testdata/fuzz"
