#!/usr/bin/env bash
# The peak of four validators in a small state and in a large one, one after the other, and what else a large state costs. One
# validator makes ACCOUNTS accounts that then rest, three others join by snapshot, one of them alone and two at once, and get
# the same stake. Safe to repeat; Ctrl-C takes everything away. The last line is one JSON object.
#
#   ACCOUNTS=1000000   that rest: ten million take 19 minutes on two cores, and 10 GB of disk in all
#   DURATION=30s       of each peak               CROWDS="10000 100000"   accounts in use at each peak
#   DATA=DIR           keep the network there, and go on with one that was kept: its accounts are there already, and those of the
#                      loads of each run beside them
#   FILL_TIMEOUT=2h    how long making the accounts may take
#   POSNET, API, PEER, PRIVATE           as nodes.sh tells
source "$(dirname "${BASH_SOURCE[0]}")/nodes.sh"

ACCOUNTS="${ACCOUNTS:-1000000}" DURATION="${DURATION:-30s}" CROWDS="${CROWDS:-10000 100000}" FILL_TIMEOUT="${FILL_TIMEOUT:-2h}"
if [[ -n "${DATA:-}" && -e "$DATA/full" ]]; then
  kept="$(cat "$DATA/full")"
  [[ "$kept" == "$ACCOUNTS" ]] || die "$DATA has $kept accounts that rest, not $ACCOUNTS: say ACCOUNTS=$kept, or choose another DATA"
elif [[ -n "${DATA:-}" && -n "$(ls -A "$DATA" 2>/dev/null)" ]]; then
  die "$DATA is not empty, and no network that was finished: remove it, or choose another DATA"
fi
begin large

# peak WHERE KEY measures each of the CROWDS; WHERE is for the person, KEY for the JSON.
peak() {
  local crowd out
  for crowd in $CROWDS; do
    phase "peak of $crowd accounts, $1"
    out="$(load --target "$urls" --accounts "$crowd" --in-flight 10000 --duration "$DURATION")"
    figure "peak, $crowd accounts in use, $1: tx/s" "peak_${crowd}_$2" "$(value txPerSecond <<<"$out")"
    figure "  p50, p99 ms" "p50_ms_${crowd}_$2" "$(value p50 <<<"$out") $(value p99 <<<"$out")"
    figure "  memory of the four, GiB" "gib_${crowd}_$2" "$(memory_gib)"
  done
}

# ---- a small state ------------------------------------------------------------------------------------------------------

phase "a network with nothing in its state"
make_network "$work/small" 4
for n in 0 1 2 3; do start "$n"; done
all_ready "$(now_ms)"
peak "small state" small
stop
rm -rf "$work/small"

# ---- a large one --------------------------------------------------------------------------------------------------------

data="${DATA:-$work/net}"
if [[ ! -e "$data/full" ]]; then
  phase "one validator makes $ACCOUNTS accounts"
  make_network "$data" 1
  start 0
  ready 0 "$(now_ms)"
  since="$(now_ms)"
  timeout "$FILL_TIMEOUT" "$POSNET" bench load --key-file "$data/faucet.pem" --target "$(url 0)" --accounts 5000 --idle-accounts "$ACCOUNTS" \
    --warmup 1s --duration 5s >/dev/null
  figure "new accounts a second, one validator, with all it takes to begin" new_accounts_per_second $((ACCOUNTS * 1000 / ($(now_ms) - since)))
  figure "disk of a node, MiB" disk_mib_full "$(du -sm "$data/n0" | cut -f 1)"

  trusted="$("$POSNET" query status --node "$(url 0)" -o json)"
  trust=(--trust-height "$(value height <<<"$trusted")" --trust-hash "$(sed -n 's/.*"blockHash": *"\([0-9a-f]*\)".*/\1/p' <<<"$trusted" | head -n 1)")
  phase "a node joins by snapshot"
  since="$(now_ms)"
  start 1 "${trust[@]}"
  ready 1 "$since"
  figure "a join by snapshot, s" snapshot_join_s "$TOOK"
  phase "two nodes join by snapshot at once"
  since="$(now_ms)"
  start 2 "${trust[@]}"
  start 3 "${trust[@]}"
  ready 2 "$since"
  ready 3 "$since"
  figure "the later of two joins at once, s" snapshot_two_s "$TOOK"
  phase "stake for the three that joined"
  for n in 1 2 3; do
    sends=("$POSNET" tx --node "$(url 0)" --wait --key-file)
    "${sends[@]}" "$data/faucet.pem" transfer "$data/n$n/account.pem" 100 >/dev/null
    "${sends[@]}" "$data/n$n/account.pem" register --data-dir "$data/n$n" >/dev/null
    "${sends[@]}" "$data/n$n/account.pem" stake "$data/n$n/account.pem" 25 >/dev/null
  done
  load --target "$(url 0)" --accounts 10 --rate 20 --duration 10s >/dev/null # blocks, until the stake counts
  echo "$ACCOUNTS" >"$data/full"
else
  phase "the network of $data"
  for n in 0 1 2 3; do start "$n"; done
  all_ready "$(now_ms)"
fi

peak "$ACCOUNTS accounts beside them" large

restarts

phase "end"
stop
phase_end
printf '{%s}\n' "$json"
