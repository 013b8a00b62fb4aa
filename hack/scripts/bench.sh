#!/usr/bin/env bash
# The figures of the README as a table, measured here and now: bench.sh. The parts that need a cluster use the one that is
# up (make up first); without one they are left out.
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

row() { printf '%-52s %-16s %s\n' "$1" "$2" "$3"; }

build_localkube
build_image_tar
row "figure" "measured" "promised"
row "image, compressed" "$(($(gzip -9 -c "$IMAGE_TAR" | wc -c) * 10 / 1048576))e-1 MiB" "60 MiB or less"
bin/posnet bench --devnet 4 --transactions 200 --table
