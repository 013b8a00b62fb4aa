#!/usr/bin/env bash
# Whether a chain is as quick after TRANSFERS transfers as at its beginning: four validators on this machine take one load at
# their peak that lasts until so many are final, told minute by minute; then what the chain takes on disk, and how soon the nodes
# are ready again after an end in order and after kill -9. Safe to repeat; Ctrl-C takes everything away. The last line is one JSON
# object.
#
#   TRANSFERS=10000000 in the chain: 18 minutes on two cores, 3 GB of disk for each node
#   ACCOUNTS=100000    between which they go
#   AHEAD=N            of them signed before the first is sent, 0.6 kB of memory each (default: all, or what half of the free memory
#                      holds); the rest is signed on the way, at the cost of the load
#   POSNET, API, PEER, PRIVATE           as nodes.sh tells
source "$(dirname "${BASH_SOURCE[0]}")/nodes.sh"

TRANSFERS="${TRANSFERS:-10000000}" ACCOUNTS="${ACCOUNTS:-100000}"
if [[ -z "${AHEAD:-}" ]]; then
  AHEAD="$(awk -v n="$TRANSFERS" '/^MemAvailable:/ {fits = int($2 * 1024 / 2 / 600)} END {n += 200000; print (fits && fits < n ? fits : n)}' /proc/meminfo)"
fi
begin long

phase "four validators"
make_network "$work/net" 4
for n in 0 1 2 3; do start "$n"; done
all_ready "$(now_ms)"

phase "$TRANSFERS transfers between $ACCOUNTS accounts"
out="$(load --target "$urls" --accounts "$ACCOUNTS" --in-flight 10000 --transfers "$TRANSFERS" --duration 24h --signed-ahead "$AHEAD")"
memory="$(memory_gib)"
# minutes prints txPerSecond, p50 and p99 of each minute, one a line.
minutes() { awk '/"minutes": \[/ {on = 1} on && /"(txPerSecond|p50|p99)":/ {gsub(/[",:]/, ""); printf "%.6g%s", $2, ($1 == "p99" ? "\n" : " ")} on && /^  \]/ {exit}' <<<"$out"; }
figure "transfers in the chain" transfers "$(value final <<<"$out")"
figure "minutes" minutes "$(minutes | wc -l)"
figure "tx/s over all of it" tx_per_second "$(value txPerSecond <<<"$out")"
if [[ -z "$(minutes)" ]]; then
  note "it lasted less than two minutes: there is no first and last one to compare"
else
  read -r rate p50 p99 < <(minutes | head -n 1)
  figure "first minute: tx/s" first_minute "$rate"
  figure "  p50, p99 ms" p50_ms_first_minute "$p50 $p99"
  read -r rate p50 p99 < <(minutes | tail -n 1)
  figure "last minute: tx/s" last_minute "$rate"
  figure "  p50, p99 ms" p50_ms_last_minute "$p50 $p99"
  figure "tx/s of the slowest minute" slowest_minute "$(minutes | sort -g | awk 'NR == 1 {print $1}')"
  figure "tx/s of the quickest minute" quickest_minute "$(minutes | sort -g | awk 'END {print $1}')"
fi
figure "memory of the four, GiB" gib "$memory"
figure "generator, % of this machine" generator_percent "$(value cpuPercent <<<"$out")"
figure "disk of a node, bytes for each transfer" disk_bytes_each "$(($(du -s -B1 "$data/n0" | cut -f 1) / $(value final <<<"$out")))"
restarts

phase "end"
stop
phase_end
printf '{%s}\n' "$json"
