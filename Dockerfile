# syntax=docker/dockerfile:1
# One image for the node and the operator. The final stage holds two static programs and nothing else: no shell, no package
# manager, no user but 65532. The root file system can be read-only: a node writes to its volume and /tmp only.

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api ./api
COPY cmd ./cmd
COPY controllers ./controllers
COPY node ./node
ARG TARGETOS TARGETARCH
ARG VERSION=dev
ARG REVISION=
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false"
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    pkg=github.com/posnet/posnet/node/telemetry && \
    ldflags="-s -w -X $pkg.Version=$VERSION -X $pkg.Revision=$REVISION" && \
    export GOOS=$TARGETOS GOARCH=$TARGETARCH && mkdir -p /out/usr/local/bin /out/etc /out/tmp && \
    go build -ldflags "$ldflags" -o /out/usr/local/bin/posnet ./cmd/posnet && \
    go build -ldflags "$ldflags" -o /out/usr/local/bin/posnet-operator ./cmd/operator && \
    printf 'root:x:0:0:root:/:/sbin/nologin\nposnet:x:65532:65532:posnet:/:/sbin/nologin\n' > /out/etc/passwd && \
    printf 'root:x:0:\nposnet:x:65532:\n' > /out/etc/group && \
    mkdir -p /out/etc/ssl/certs && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ && chmod 1777 /out/tmp

FROM scratch
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="posnet" \
      org.opencontainers.image.description="Proof-of-stake networks on Kubernetes: node, CLI and operator" \
      org.opencontainers.image.source="https://github.com/posnet/posnet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/ /
ENV PATH=/usr/local/bin
USER 65532:65532
# 8050 API, 8010 peers (TCP and UDP), 9464 metrics and health
EXPOSE 8050 8010/tcp 8010/udp 9464
ENTRYPOINT ["/usr/local/bin/posnet"]
