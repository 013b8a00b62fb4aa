#!/usr/bin/env bash
# The peak of four validators in a small state and in a large one, one after the other, and what else a large state costs. One
# validator makes ACCOUNTS accounts that then rest, three others join by snapshot, one of them alone and two at once, and get
# the same stake. Safe to repeat; Ctrl-C takes everything away. The last line is one JSON object.
#
#   ACCOUNTS=1000000   that rest: ten million take 19 minutes on two cores, and 10 GB of disk in all
#   DURATION=30s       of each peak               CROWDS="10000 100000"   accounts in use at each peak
#   POSNET=FILE        the program to measure (default: built into bin/)
#   DATA=DIR           keep the network there, and go on with one that was kept: its accounts are there already, and those of the
#                      loads of each run beside them
#   API=28050 PEER=28010 PRIVATE=29464   first ports
#   FILL_TIMEOUT=2h    how long making the accounts may take
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ACCOUNTS="${ACCOUNTS:-1000000}" DURATION="${DURATION:-30s}" CROWDS="${CROWDS:-10000 100000}" FILL_TIMEOUT="${FILL_TIMEOUT:-2h}"
API="${API:-28050}" PEER="${PEER:-28010}" PRIVATE="${PRIVATE:-29464}"
have curl || die "curl is needed to ask the nodes: apt-get install curl"
if [[ -n "${DATA:-}" && -e "$DATA/full" ]]; then
  kept="$(cat "$DATA/full")"
  [[ "$kept" == "$ACCOUNTS" ]] || die "$DATA has $kept accounts that rest, not $ACCOUNTS: say ACCOUNTS=$kept, or choose another DATA"
elif [[ -n "${DATA:-}" && -n "$(ls -A "$DATA" 2>/dev/null)" ]]; then
  die "$DATA is not empty, and no network that was finished: remove it, or choose another DATA"
fi
mkdir -p "$CACHE"
work="$(mktemp -d "$CACHE/large.XXXXXX")"
data="${DATA:-$work/net}"
pids=("" "" "" "")
under="" # the load that runs while nodes are killed

finish() {
  local rc=$?
  trap - EXIT INT TERM
  stop
  if [[ -n "$under" ]]; then kill -TERM "$under" 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ -z "${POSNET:-}" ]]; then
  hack/scripts/build.sh >/dev/null
  POSNET=bin/posnet
fi

# ---- nodes --------------------------------------------------------------------------------------------------------------

now_ms() { echo $((${EPOCHREALTIME//[.,]/} / 1000)); }
url() { echo "http://127.0.0.1:$((API + $1))"; }
urls="$(url 0),$(url 1),$(url 2),$(url 3)"

# start N [FLAG...] starts node N.
start() {
  local n="$1" peers=()
  shift
  if ((n > 0)); then peers=(--peers "127.0.0.1:$API"); fi
  "$POSNET" node --ip 127.0.0.1 --data-dir "$data/n$n" --genesis "$data/genesis.json" --api-port $((API + n)) --node-port $((PEER + n)) \
    --private-port $((PRIVATE + n)) "${peers[@]}" "$@" >>"$data/n$n.log" 2>&1 &
  pids[n]=$!
}

# ready N SINCE waits until node N is ready, and sets TOOK to the seconds since then.
ready() {
  until [[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$((PRIVATE + $1))/readyz")" == 200 ]]; do
    kill -0 "${pids[$1]}" 2>/dev/null || { tail -n 3 "$data/n$1.log" >&2; die "node $1 ended; its last lines are above"; }
    (($(now_ms) - $2 < 600000)) || die "node $1 is not ready after 10 minutes: see $data/n$1.log"
    sleep 0.02
  done
  TOOK="$(awk -v ms=$(($(now_ms) - $2)) 'BEGIN {printf "%.1f", ms / 1000}')"
}

# stop [SIGNAL] ends all nodes, and sets TOOK to the seconds until the last had ended.
stop() {
  local n since
  since="$(now_ms)"
  for n in 0 1 2 3; do if [[ -n "${pids[n]}" ]]; then kill -"${1:-TERM}" "${pids[n]}" 2>/dev/null || true; fi; done
  for n in 0 1 2 3; do if [[ -n "${pids[n]}" ]]; then wait "${pids[n]}" 2>/dev/null || true; fi; pids[n]=""; done
  TOOK="$(awk -v ms=$(($(now_ms) - since)) 'BEGIN {printf "%.1f", ms / 1000}')"
}

# all_ready SINCE waits for all four, and sets TOOK to the seconds of the first and of the last.
all_ready() {
  local n times=()
  for n in 0 1 2 3; do ready "$n" "$1"; times+=("$TOOK"); done
  TOOK="$(printf '%s\n' "${times[@]}" | sort -g | awk 'NR == 1 {first = $1} END {print first " to " $1}')"
}

memory_gib() { cat /proc/{"${pids[0]}","${pids[1]}","${pids[2]}","${pids[3]}"}/status | awk '/^VmRSS:/ {kib += $2} END {printf "%.2f", kib / 1048576}'; }

# ---- what was measured --------------------------------------------------------------------------------------------------

json=""
# figure TEXT KEY VALUE prints a figure, and adds it to the JSON.
figure() {
  printf '%-64s %s\n' "$1" "$3"
  local key="$2" number
  for number in $3; do # "0.7 to 0.9" is the first and the last of several
    if [[ "$number" == to ]]; then key="${2}_last"; continue; fi
    json+="${json:+,}\"$key\":$number"
    key="${2/#p50/p99}" # of two numbers that a space parts
  done
}

# value KEY reads a number from the JSON of the standard input.
value() { awk -v key="\"$1\":" '$1 == key {printf "%.6g\n", $2; exit}'; }

load() { "$POSNET" bench load --key-file "$data/faucet.pem" --warmup 5s "$@" --output json; }

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

# make_network DIR VALIDATORS makes the keys of four nodes, and a genesis in which the first of them are validators.
make_network() {
  local n each=()
  data="$1"
  mkdir -p "$data"
  for n in 0 1 2 3; do
    "$POSNET" init --data-dir "$data/n$n" >/dev/null
    if ((n < $2)); then each+=(--validator "$data/n$n=25"); fi
  done
  "$POSNET" keys generate --out "$data/faucet.pem" >/dev/null
  "$POSNET" genesis create "${each[@]}" --account "$data/faucet.pem=10000000000" --out "$data/genesis.json" >/dev/null
}

# ---- a small state ------------------------------------------------------------------------------------------------------

large="$data"
phase "a network with nothing in its state"
make_network "$work/small" 4
for n in 0 1 2 3; do start "$n"; done
all_ready "$(now_ms)"
peak "small state" small
stop
rm -rf "$work/small"

# ---- a large one --------------------------------------------------------------------------------------------------------

data="$large"
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

phase "they end in order, and start again"
stop
figure "until all four had ended, s" stop_s "$TOOK"
since="$(now_ms)"
for n in 0 1 2 3; do start "$n"; done
all_ready "$since"
figure "start to ready after an end in order, all at once, s" start_s "$TOOK"

phase "they are killed at the peak, and start again"
"$POSNET" bench load --key-file "$data/faucet.pem" --target "$urls" --accounts 100000 --in-flight 10000 --duration 30s >/dev/null 2>&1 &
under=$! # the program itself, not a shell around it
sleep 25
stop KILL
kill -TERM "$under" 2>/dev/null || true
wait "$under" 2>/dev/null || true
under=""
since="$(now_ms)"
for n in 0 1 2 3; do start "$n"; done
all_ready "$since"
figure "start to ready after kill -9 at the peak of 100000, all at once, s" crash_start_s "$TOOK"

phase "end"
stop
phase_end
printf '{%s}\n' "$json"
