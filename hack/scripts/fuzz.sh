#!/usr/bin/env bash
# Runs every fuzz target for a while: fuzz.sh [TIME]. What a target finds stays in its testdata, to be committed as a test.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for_each="${1:-30s}"
failed=()
while read -r package; do
  while read -r target; do
    phase "$package $target for $for_each"
    go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$for_each" || failed+=("$package $target")
  done < <(go test "$package" -list '^Fuzz' | grep '^Fuzz' || true)
done < <(git grep -l --untracked '^func Fuzz' -- '*_test.go' ':!hack/localkube' | xargs -r -n1 dirname | sort -u | sed 's#^#./#')
phase_end
((${#failed[@]} == 0)) || die "found something in: ${failed[*]}; the input is in that package's testdata/fuzz"
