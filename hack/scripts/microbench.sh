#!/usr/bin/env bash
# The micro-benchmarks in Go's own format, for benchstat, on the standard output: microbench.sh [PACKAGE...]. Without a package,
# those in which a transaction spends its time.
#
#   BENCH=.          which benchmarks, as go test -bench takes them        BENCH_COUNT=6   how often each; benchstat wants 6 or more
#   BENCHTIME=200ms  how long each                                         CPUPROFILE=FILE a profile, with one package only
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if (($# == 0)); then
  set -- ./node/chain ./node/keys ./node/stake ./node/ledger ./node/ledger/tree ./node/mempool ./node/replica ./node/signer ./node/store ./node/wal
fi
# -bench of a name that is nowhere is no error to go test: whoever mistypes it would compare nothing.
go test -run '^$' -bench "${BENCH:-.}" -benchtime "${BENCHTIME:-200ms}" -count "${BENCH_COUNT:-6}" -timeout 60m \
  ${CPUPROFILE:+-cpuprofile "$CPUPROFILE"} "$@" |
  awk -v wanted="${BENCH:-.}" '{print; fflush()} /^Benchmark/ {ran = 1}
    END {if (!ran) {print "no benchmark was run; if nothing above says why, BENCH=" wanted " names none in: '"$*"'" >"/dev/stderr"; exit 1}}'
