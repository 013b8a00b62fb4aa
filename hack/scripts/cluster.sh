# Which cluster to use, and how to bring it up, load an image into it and take it away. Sourced by the scripts that need one.
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KIND_NAME=posnet
LOCALKUBE="$ROOT/bin/localkube"

# Why a kind of cluster cannot work here; empty if it can.
why_not_embedded() {
  [[ "$(uname -s)" == Linux ]] || { echo "it needs Linux"; return; }
  [[ "$(uname -m)" == x86_64 || "$(uname -m)" == aarch64 ]] || { echo "it needs an x86-64 or arm64 machine"; return; }
  [[ "$(id -u)" == 0 ]] || { echo "it needs root (sudo -E make up)"; return; }
  have apt-get || have containerd runc || { echo "it needs Debian's apt-get, or containerd and runc installed"; return; }
}
why_not_kind() {
  have docker || { echo "docker is not installed"; return; }
  have kind || { echo "kind is not on PATH"; return; }
  docker info >/dev/null 2>&1 || { echo "no Docker engine answers"; return; }
}
why_not_current() {
  have kubectl || { echo "kubectl is not on PATH"; return; }
  kubectl config current-context >/dev/null 2>&1 || { echo "kubectl has no current context"; return; }
}

# choose_cluster sets CLUSTER to embedded, kind or current, and says which and why. It never takes the current context
# unasked: that may be somebody's production.
choose_cluster() {
  local embedded kind current
  case "${CLUSTER:-}" in
    embedded | kind | current)
      local why
      why="$("why_not_$CLUSTER")"
      [[ -z "$why" ]] || die "CLUSTER=$CLUSTER cannot work here: $why"
      note "cluster: $CLUSTER, as asked for"
      ;;
    "")
      embedded="$(why_not_embedded)" kind="$(why_not_kind)"
      if [[ -z "$embedded" ]]; then
        CLUSTER=embedded
        note "cluster: embedded, the first that can work here (CLUSTER=kind or CLUSTER=current choose another)"
      elif [[ -z "$kind" ]]; then
        CLUSTER=kind
        note "cluster: kind; embedded cannot work here: $embedded"
      else
        current="$(why_not_current)"
        die "no cluster can work here. embedded: $embedded; kind: $kind; current: ${current:-would work, ask for it with CLUSTER=current}"
      fi
      ;;
    *) die "CLUSTER=$CLUSTER: want embedded, kind or current" ;;
  esac
  export CLUSTER
}

# build_localkube makes bin/localkube, the program that runs the embedded cluster and writes images.
build_localkube() {
  mkdir -p bin
  heartbeat "building localkube" env CGO_ENABLED=0 go build -C hack/localkube -trimpath -buildvcs=false -o "$LOCALKUBE" ./cmd/localkube
}

# cluster_up brings the chosen cluster up and exports KUBECONFIG and KUBECTL. Safe to repeat.
cluster_up() {
  case "$CLUSTER" in
    embedded)
      "$LOCALKUBE" up
      export KUBECONFIG="$ROOT/.localkube/kubeconfig" KUBECTL="$ROOT/.localkube/bin/kubectl"
      [[ -x "$KUBECTL" ]] || KUBECTL=kubectl
      ;;
    kind)
      mkdir -p .localkube
      export KUBECONFIG="$ROOT/.localkube/kubeconfig-kind" KUBECTL=kubectl
      if ! kind get clusters 2>/dev/null | grep -qx "$KIND_NAME"; then
        heartbeat "creating the kind cluster" kind create cluster --name "$KIND_NAME" --config hack/kind.yaml --kubeconfig "$KUBECONFIG" --wait 180s
      fi
      kind export kubeconfig --name "$KIND_NAME" --kubeconfig "$KUBECONFIG" >/dev/null 2>&1
      ;;
    current) export KUBECTL=kubectl ;;
  esac
}

# cluster_load FILE gives the cluster an image from a tar file.
cluster_load() {
  case "$CLUSTER" in
    embedded) "$LOCALKUBE" load-image "$1" ;;
    kind) heartbeat "loading the image into kind" kind load image-archive "$1" --name "$KIND_NAME" ;;
    current) ;;
  esac
}

# cluster_down takes the cluster away.
cluster_down() {
  case "$CLUSTER" in
    embedded)
      [[ -x "$LOCALKUBE" ]] || build_localkube
      "$LOCALKUBE" down
      ;;
    kind) kind delete cluster --name "$KIND_NAME" ;;
    current) ;;
  esac
}

# build_image_tar builds the programs and the image, without Docker. It sets IMAGE_REPOSITORY, IMAGE_TAG and IMAGE_TAR. The
# tag is a hash of the programs: a changed program is a new image, which is what makes the cluster roll it out.
build_image_tar() {
  OUT=bin hack/scripts/build.sh
  IMAGE_REPOSITORY=posnet.dev/posnet
  IMAGE_TAG="dev-$(cat bin/posnet bin/posnet-operator | sha256sum | cut -c1-12)"
  IMAGE_TAR="$ROOT/dist/posnet-$IMAGE_TAG.tar"
  export IMAGE_REPOSITORY IMAGE_TAG IMAGE_TAR
  [[ -f "$IMAGE_TAR" ]] && return 0
  mkdir -p dist
  rm -f dist/posnet-dev-*.tar
  "$LOCALKUBE" build-image --tag "$IMAGE_REPOSITORY:$IMAGE_TAG" --user 65532:65532 \
    --binary bin/posnet=/usr/local/bin/posnet --binary bin/posnet-operator=/usr/local/bin/posnet-operator \
    --entrypoint /usr/local/bin/posnet --env PATH=/usr/local/bin \
    --label org.opencontainers.image.title=posnet --label org.opencontainers.image.version="${VERSION:-dev}" \
    --label org.opencontainers.image.revision="${REVISION:-}" --label org.opencontainers.image.licenses=Apache-2.0 \
    --output "$IMAGE_TAR.new" >&2
  mv "$IMAGE_TAR.new" "$IMAGE_TAR"
}
