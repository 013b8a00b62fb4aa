#!/usr/bin/env bash
# Builds the container image: with Docker where an engine answers, else the same layout as a tar file without one.
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

if have docker && docker info >/dev/null 2>&1; then
  phase "docker build"
  DOCKER_BUILDKIT=1 docker build --build-arg VERSION="${VERSION:-dev}" --build-arg REVISION="${REVISION:-}" \
    --tag "${IMAGE:-posnet/posnet}:${VERSION:-dev}" --tag "${IMAGE:-posnet/posnet}:latest" .
  note "${IMAGE:-posnet/posnet}:${VERSION:-dev}"
else
  phase "image without an engine"
  build_localkube
  build_image_tar
  size="$(gzip -1 -c "$IMAGE_TAR" | wc -c)"
  note "$IMAGE_REPOSITORY:$IMAGE_TAG in ${IMAGE_TAR#"$ROOT"/}, $((size / 1000000)) MB compressed"
  note "load it with: docker load, ctr images import, kind load image-archive, or bin/localkube load-image"
fi
phase_end
