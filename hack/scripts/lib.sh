# What every script here starts with: strict mode, the root of the tree, and how to speak to the person who waits.
# shellcheck shell=bash
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$ROOT"

# shellcheck disable=SC2034 # for the scripts that source this file
CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/posnet"
STARTED=$SECONDS
PHASE_STARTED=$SECONDS
PHASE=""

# Colours only for a person.
if [[ -t 2 && -z "${NO_COLOR:-}" ]]; then BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' OFF=$'\e[0m'; else BOLD='' DIM='' RED='' OFF=''; fi

# phase TEXT... ends the phase before with its time and begins a new one.
phase() {
  phase_end
  PHASE="$*"
  PHASE_STARTED=$SECONDS
  printf '%s==>%s %s\n' "$BOLD" "$OFF" "$PHASE" >&2
}

# phase_end prints how long the current phase took.
phase_end() {
  if [[ -n "$PHASE" ]]; then
    printf '%s    %s: %d s (%d s in all)%s\n' "$DIM" "$PHASE" $((SECONDS - PHASE_STARTED)) $((SECONDS - STARTED)) "$OFF" >&2
    PHASE=""
  fi
}

# note TEXT... says something in passing.
note() { printf '    %s\n' "$*" >&2; }

# die TEXT... ends the script with one line that says what is wrong and what to do.
die() {
  printf '%serror:%s %s\n' "$RED" "$OFF" "$*" >&2
  exit 1
}

# have NAME... tells whether all the commands are on PATH.
have() {
  local c
  for c in "$@"; do command -v "$c" >/dev/null 2>&1 || return 1; done
}

# heartbeat TEXT COMMAND... runs a command whose output is of no interest unless it fails, with a line every 20 s so that a
# long build never looks hung. The output is in the file named by LOG, if set, else in a temporary one.
heartbeat() {
  local text="$1" log="${LOG:-}" began=$SECONDS pid rc=0
  shift
  if [[ -z "$log" ]]; then log="$(mktemp)"; fi
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 1
    done
    if kill -0 "$pid" 2>/dev/null; then note "$text: still at it after $((SECONDS - began)) s"; fi
  done
  wait "$pid" || rc=$?
  if ((rc != 0)); then
    tail -n 40 "$log" >&2
    printf '%serror:%s %s failed (exit %d); the last lines are above, all of them in %s\n' "$RED" "$OFF" "$text" "$rc" "$log" >&2
    return "$rc"
  fi
  if [[ -z "${LOG:-}" ]]; then rm -f "$log"; fi
}

# tool NAME prints the path of a pinned tool, building it if need be.
tool() { "$ROOT/hack/scripts/tool.sh" "$1"; }
