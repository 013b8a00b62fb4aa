#!/usr/bin/env bash
# The figures that the README promises, measured here and now: one table, and as the last line one JSON object of the
# medians. Safe to repeat; Ctrl-C takes everything away that was started. A figure that misses its target fails nothing.
#
#   COUNT=200          transfers to measure            RUNS=3   starts of a devnet, and of a network on the cluster
#   IDLE=30            seconds of rest before a node's memory is read
#   POSNET=FILE        the program to measure (default: built into bin/)
#   BENCH_GO=some      micro-benchmarks of verifying, decoding, lottery, tree, admission and blocks; all: those of make bench-micro;
#                      none.   BENCH_COUNT=6   how often each
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

COUNT="${COUNT:-200}" RUNS="${RUNS:-3}" IDLE="${IDLE:-30}" BENCH_GO="${BENCH_GO:-some}"
case "$BENCH_GO" in some | all | none) ;; *) die "BENCH_GO=$BENCH_GO: some, all or none" ;; esac
NODES=4
# In the cache and not in /tmp, which often lies in memory, where a sync costs nothing and the figures would flatter.
mkdir -p "$CACHE"
work="$(mktemp -d "$CACHE/bench.XXXXXX")"
devnet="" # the process of the devnet that runs
space=""  # the namespace of the network that was applied
proxy=""  # the process through which pods are asked

finish() {
  local rc=$?
  trap - EXIT INT TERM
  stop_devnet
  stop_proxy
  if [[ -n "$space" ]]; then
    note "deleting namespace $space"
    kube delete namespace "$space" --ignore-not-found --wait=false >/dev/null 2>&1 || note "delete it by hand: kubectl delete namespace $space"
  fi
  rm -rf "$work"
  exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- what was measured: rows for the person, pairs for the machine ------------------------------------------------------

json=""
rows=()
row() { rows+=("$(printf '%s\t%s\t%s\t%s' "$@")"); } # row FIGURE MEASURED TARGET VERDICT

# figure NAME KEY VALUE UNIT [LIMIT] adds a row, and a pair to the JSON; an empty VALUE was not measured.
figure() {
  local name="$1" key="$2" value="$3" unit="$4" limit="${5:-}" shown="${MISSING:-not measured}" verdict=""
  json+="${json:+,}\"$key\":${value:-null}"
  if [[ -n "$value" && -n "$limit" ]]; then
    verdict="$(awk -v v="$value" -v l="$limit" 'BEGIN {print (v <= l ? "met" : "MISSED")}')"
  fi
  if [[ -n "$value" ]]; then shown="$value $unit"; fi
  row "$name" "$shown" "${limit:+$limit $unit or less}" "$verdict"
}

# median prints the middle of the numbers given, of an even count the mean of the two; nothing of none.
median() {
  printf '%s\n' "$@" | sort -g | awk 'NF {v[++n] = $1} END {if (n) printf "%.4g\n", (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2}'
}

now_ms() { echo $((${EPOCHREALTIME//[.,]/} / 1000)); }

# ---- the devnet ---------------------------------------------------------------------------------------------------------

stop_devnet() {
  [[ -n "$devnet" ]] || return 0
  kill -TERM "$devnet" 2>/dev/null || true
  wait "$devnet" 2>/dev/null || true
  devnet=""
}

# start_devnet starts one in a new directory, on the usual ports or on free ones; READY is how many seconds it took.
start_devnet() {
  local base
  for base in 0 20000 21000 22000 23000 24000; do
    API=$((8050 + base)) PRIVATE=$((9464 + base))
    rm -rf "$work/net"
    "$POSNET" devnet --nodes "$NODES" --data "$work/net" --api-port "$API" --node-port "$((8010 + base))" \
      --private-port "$PRIVATE" >"$work/devnet" 2>&1 &
    devnet=$!
    while kill -0 "$devnet" 2>/dev/null; do
      READY="$(sed -n 's/^.* ready in \([0-9.]*\) s.*/\1/p' "$work/devnet")"
      if [[ -n "$READY" ]]; then return 0; fi
      sleep 0.05
    done
    stop_devnet
    grep -q 'address already in use' "$work/devnet" || break
  done
  tail -n 5 "$work/devnet" >&2
  die "the devnet did not start; its last lines are above"
}

children() { cat "/proc/$1/task/"*/children 2>/dev/null | tr ' ' '\n' | sed '/^$/d'; }

# rss_mib PID is the resident memory, shared pages of the program included.
rss_mib() { awk '/^VmRSS:/ {printf "%.1f\n", $2 / 1024}' "/proc/$1/status"; }

# ticks PID is the processor time used so far.
ticks() { awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$1/stat"; }

# syncs prints, from the nodes' metrics, the mean time in milliseconds of the syncs that a transfer waits for one after the
# other: log and signer for proposal, prevote and precommit, and the store's commit.
syncs() {
  local i
  have curl || return 0
  for ((i = 0; i < NODES; i++)); do curl -fsS "http://127.0.0.1:$((PRIVATE + i))/metrics" || return 0; done |
    awk '/^posnet_fsync_seconds_(sum|count)/ {
           file = $1; sub(/.*file="/, "", file); sub(/".*/, "", file)
           if ($1 ~ /_sum/) s[file] += $2; else n[file] += $2
         }
         END {if (n["wal"] && n["signer"] && n["store"]) printf "%.1f", 1000 * (3 * s["wal"] / n["wal"] + 3 * s["signer"] / n["signer"] + s["store"] / n["store"])}'
}

measure_devnet() {
  local ready=() rss=() cpu=() pids before=() pid i began
  phase "starting a devnet of $NODES, $RUNS times"
  for ((i = 0; i < RUNS; i++)); do
    stop_devnet
    start_devnet
    ready+=("$READY")
  done
  figure "devnet of $NODES ready" devnetReadySeconds "$(median "${ready[@]}")" s 3

  phase "sending $COUNT transfers, one at a time"
  "$POSNET" bench --key-file "$work/net/faucet.pem" --node "http://127.0.0.1:$API" --count "$COUNT" --output json >"$work/finality"
  of() { sed -n "s/^ *\"$1\": \([0-9.]*\),*$/\1/p" "$work/finality" | awk '{printf "%.1f", $1}'; }
  figure "one transfer final, p50" finalityP50Ms "$(of p50)" ms 30
  figure "one transfer final, p99" finalityP99Ms "$(of p99)" ms
  figure "  the 7 syncs to disk it waits for, mean" finalitySyncsMs "$(syncs)" ms

  if [[ ! -r /proc/self/status ]]; then
    MISSING="not measured: needs /proc" figure "idle memory of a node" idleMemoryMiB "" MiB 64
    MISSING="not measured: needs /proc" figure "idle processor of a node" idleCPUPercent "" "% of a core"
  else
    phase "resting for $IDLE s"
    mapfile -t pids < <(children "$devnet")
    for pid in "${pids[@]}"; do before+=("$(ticks "$pid")"); done
    began="$(now_ms)"
    for ((i = 0; i < IDLE; i++)); do sleep 1; done # a signal is heard between them
    for i in "${!pids[@]}"; do
      cpu+=("$(awk -v t=$(($(ticks "${pids[i]}") - before[i])) -v hz="$(getconf CLK_TCK)" -v ms=$(($(now_ms) - began)) 'BEGIN {printf "%.2f", 1e5 * t / hz / ms}')")
      rss+=("$(rss_mib "${pids[i]}")")
    done
    figure "idle memory of a node" idleMemoryMiB "$(median "${rss[@]}")" MiB 64
    figure "idle processor of a node" idleCPUPercent "$(median "${cpu[@]}")" "% of a core"
  fi
  stop_devnet
}

# ---- the image ----------------------------------------------------------------------------------------------------------

measure_image() {
  local tar="" file bytes=""
  phase "weighing the image"
  for file in dist/posnet-dev-*.tar; do [[ -f "$file" && (-z "$tar" || "$file" -nt "$tar") ]] && tar="$file"; done
  if [[ -n "$tar" ]]; then
    bytes="$(gzip -c "$tar" | wc -c)"
  elif have docker && docker image inspect "${IMAGE:-posnet/posnet}:latest" >/dev/null 2>&1; then
    bytes="$(docker save "${IMAGE:-posnet/posnet}:latest" | gzip -c | wc -c)"
  fi
  MISSING="no image yet: make image" figure "image, compressed" imageMB "$(awk -v b="$bytes" 'BEGIN {if (b) printf "%.1f", b / 1e6}')" MB 60
}

# ---- the cluster --------------------------------------------------------------------------------------------------------

kube() { "$KUBECTL" --kubeconfig "$KUBE" --request-timeout=30s "$@"; }

# find_cluster looks for the one that `make up` made here. Never the current context: that may be somebody's production.
find_cluster() {
  KUBE="$ROOT/.localkube/kubeconfig" KUBECTL="$ROOT/.localkube/bin/kubectl"
  if [[ -f .localkube/cluster && "$(<.localkube/cluster)" == kind ]]; then KUBE="$ROOT/.localkube/kubeconfig-kind"; fi
  [[ -x "$KUBECTL" ]] || KUBECTL=kubectl
  [[ -f "$KUBE" ]] && have "$KUBECTL" && kube get --raw /readyz >/dev/null 2>&1 && kube get crd posnetworks.posnet.dev >/dev/null 2>&1
}

# start_proxy makes the API server reachable at PROXY, for curl: a kubectl for every question would take the processor that
# the network needs to start.
start_proxy() {
  "$KUBECTL" --kubeconfig "$KUBE" proxy --port=0 >"$work/proxy" 2>&1 & # not through kube: this pid has to be kubectl's
  proxy=$!
  local i
  for ((i = 0; i < 100; i++)); do
    PROXY="$(sed -n 's/^Starting to serve on \(.*\)/http:\/\/\1/p' "$work/proxy")"
    if [[ -n "$PROXY" ]]; then return 0; fi
    kill -0 "$proxy" 2>/dev/null || break
    sleep 0.1
  done
  die "kubectl proxy did not start: $(tr '\n' ' ' <"$work/proxy")"
}

stop_proxy() {
  [[ -n "$proxy" ]] || return 0
  kill -TERM "$proxy" 2>/dev/null || true
  wait "$proxy" 2>/dev/null || true
  proxy=""
}

# final_blocks POD prints the height that a pod of the network shows, nothing while it cannot be asked.
final_blocks() {
  curl -fsS --max-time 2 "$PROXY/api/v1/namespaces/$space/pods/$1:8050/proxy/api/v1/status" 2>/dev/null |
    sed -n 's/.*"height": *\([0-9]*\).*/\1/p' || true
}

# stages prints how far the network was when, in seconds after MS, to show where the time went. Kubernetes counts in whole
# seconds.
stages() {
  local began="$1" pod='{range .items[*]}' name at
  {
    kube -n "$space" get pods -o jsonpath="$pod"'{"scheduled "}{.status.conditions[?(@.type=="PodScheduled")].lastTransitionTime}{"\n"}{"started "}{.status.containerStatuses[0].state.running.startedAt}{"\n"}{end}'
    kube -n "$space" get posnet demo -o jsonpath='{"genesis "}{.status.conditions[?(@.type=="GenesisReady")].lastTransitionTime}{"\n"}'
  } 2>/dev/null | while read -r name at; do
    at="$(date -d "$at" +%s 2>/dev/null)" && echo "$name $((at - began / 1000))"
  done | awk '$2 > last[$1] {last[$1] = $2} END {printf "all pods scheduled at %d s, started at %d s, genesis at %d s", last["scheduled"], last["started"], last["genesis"]}'
}

# apply_once applies the demo network in a namespace of its own; FIRST is the seconds until a node shows a final block.
apply_once() {
  local began height i
  space="posnet-bench-$$-$1" FIRST=""
  kube create namespace "$space" >/dev/null
  began="$(now_ms)"
  kube -n "$space" apply --server-side -f config/samples/demo.yaml >/dev/null
  until [[ -n "$FIRST" ]]; do
    for i in 0 1 2 3; do
      height="$(final_blocks "demo-$i")"
      if [[ -n "$height" ]] && ((height >= 1)); then
        FIRST="$(awk -v ms=$(($(now_ms) - began)) 'BEGIN {printf "%.1f", ms / 1000}')"
        note "first final block at $FIRST s: $(stages "$began" || true)"
        break
      fi
    done
    if (($(now_ms) - began > 180000)); then
      kube -n "$space" get posnet,pods,events >&2 || true
      note "no block after 180 s; what is there is above"
      break
    fi
    sleep 0.1
  done
  heartbeat "deleting namespace $space" "$KUBECTL" --kubeconfig "$KUBE" delete namespace "$space" --wait --timeout=180s
  space=""
}

measure_cluster() {
  local first=() i
  if ! find_cluster; then
    MISSING="no cluster: make up" figure "apply to first final block" applyToFirstBlockSeconds "" s 10
    return 0
  fi
  if ! have curl; then
    MISSING="not measured: needs curl" figure "apply to first final block" applyToFirstBlockSeconds "" s 10
    return 0
  fi
  phase "applying a network, $RUNS times"
  start_proxy
  for ((i = 0; i < RUNS; i++)); do
    apply_once "$i"
    [[ -n "$FIRST" ]] || break
    first+=("$FIRST")
  done
  stop_proxy
  MISSING="no block in 180 s" figure "apply to first final block" applyToFirstBlockSeconds "$(median "${first[@]}")" s 10
}

# up_time KIND is the median of the last three times that up.sh noted.
up_time() {
  [[ -f "$CACHE/up-times" ]] || return 0
  local times
  mapfile -t times < <(awk -v kind="$1" 'NF == 2 && $1 == kind && $2 ~ /^[0-9]+(\.[0-9]+)?$/ {print $2}' "$CACHE/up-times" | tail -n 3)
  if ((${#times[@]})); then median "${times[@]}"; fi
}

# ---- all of it ----------------------------------------------------------------------------------------------------------

if [[ -z "${POSNET:-}" ]]; then
  phase "building posnet"
  hack/scripts/build.sh
  POSNET="$ROOT/bin/posnet"
fi
measure_devnet
measure_image
measure_cluster
MISSING="not measured yet: make up" figure "make up, warm" upWarmSeconds "$(up_time warm)" s 90
MISSING="not measured yet: make up" figure "make up, cold" upColdSeconds "$(up_time cold)" s 1800
phase_end

cores="$(getconf _NPROCESSORS_ONLN)"
load="$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || true)"
version="$("$POSNET" --version | awk '{print $NF}')"
echo
echo "posnet $version on $cores cores, ${load:+load $load, }data on $(df -PT "$work" 2>/dev/null | awk 'NR == 2 {print $2}')"
echo
{
  printf 'FIGURE\tMEASURED\tTARGET\t\n'
  printf '%s\n' "${rows[@]}"
} | awk -F '\t' '{for (i = 1; i < 4; i++) {c[NR, i] = $i; if (length($i) > w[i]) w[i] = length($i)} c[NR, 4] = $4}
    END {for (r = 1; r <= NR; r++) {
      line = sprintf("%-" w[1] "s  %-" w[2] "s  %-" w[3] "s  %s", c[r, 1], c[r, 2], c[r, 3], c[r, 4]); sub(/ +$/, "", line); print line}}'
echo
case "$BENCH_GO" in
  some)
    phase "micro-benchmarks"
    BENCH='^Benchmark(Verify|Batch|DecodeTx|Winner|Apply|Add|Block)$' hack/scripts/microbench.sh \
      ./node/keys ./node/chain ./node/stake ./node/ledger ./node/mempool ./node/replica
    BENCH='^BenchmarkApply$/^leaves=100000$' hack/scripts/microbench.sh ./node/ledger/tree
    phase_end
    echo
    ;;
  all)
    phase "micro-benchmarks"
    hack/scripts/microbench.sh
    phase_end
    echo
    ;;
esac
printf '{"version":"%s","cores":%d,"load":%s,"transfers":%d,%s}\n' "$version" "$cores" "${load:-null}" "$COUNT" "$json"
