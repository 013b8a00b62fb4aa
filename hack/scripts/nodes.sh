# Four nodes of one machine, and what is measured with them, for bench-large.sh and bench-long.sh: ports and program, a directory
# in the cache that goes at the end ($work), starts and ends of nodes with their data in $data, and rows that become JSON.
#
#   POSNET=FILE        the program to measure (default: built into bin/)
#   API=28050 PEER=28010 PRIVATE=29464   first ports
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

API="${API:-28050}" PEER="${PEER:-28010}" PRIVATE="${PRIVATE:-29464}"
have curl || die "curl is needed to ask the nodes: apt-get install curl"
data=""  # where the nodes' data is
under="" # the load that runs while nodes are killed
pids=("" "" "" "")

# begin NAME makes the directory, builds the program, and sees to it that all goes at the end.
begin() {
  mkdir -p "$CACHE"
  # In the cache and not in /tmp, which often lies in memory, where a sync costs nothing.
  work="$(mktemp -d "$CACHE/$1.XXXXXX")"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [[ -z "${POSNET:-}" ]]; then
    phase "building posnet"
    hack/scripts/build.sh posnet >/dev/null
    POSNET=bin/posnet
  fi
}

finish() {
  local rc=$?
  trap - EXIT INT TERM
  stop
  if [[ -n "$under" ]]; then kill -TERM "$under" 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$rc"
}

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
value() { awk -v key="\"$1\":" '$1 == key {if ($2 ~ /[.e]/) printf "%.6g\n", $2; else {sub(/,/, "", $2); print $2}; exit}'; }

load() { "$POSNET" bench load --key-file "$data/faucet.pem" --warmup 5s "$@" --output json; }

# restarts ends the nodes in order, starts them again, kills them at the peak of 100,000 accounts, and starts them again.
restarts() {
  local n since
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
}
