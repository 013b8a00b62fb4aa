# posnet: every task of the project. `make help` lists them.
#
# The recipes are short on purpose: what has steps of its own lives in hack/scripts, where it can be read and run by hand.
# Tools are pinned in hack/tools/go.mod and built once into a cache outside the tree; nothing has to be installed by hand.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# CLUSTER chooses where `make up` runs: embedded, kind or current. Empty: the first that can work; it says which and why.
CLUSTER ?=
# Names of the network that `make up` applies, and of the namespace it lives in.
NAMESPACE ?= posnet-demo
# FUZZTIME is how long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 30s
# PKG narrows unit, race, lint and vet to some packages.
PKG ?= ./...
# HEIGHTS is how far the longest simulated world runs in `make sim`, and SEEDS how many worlds there and in `make soak`.
HEIGHTS ?= 3000
SEEDS ?=
# PROFILE is what may go wrong in `make soak`; all takes turns.
PROFILE ?= all
# IMAGE is the image name that `make image` tags.
IMAGE ?= posnet/posnet

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo v0.0.0-unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

export CLUSTER NAMESPACE VERSION REVISION HEIGHTS SEEDS IMAGE

TOOL := hack/scripts/tool.sh

##@ Try it

.PHONY: help
help: ## Show this help.
	@colour=0; if [[ -t 1 && -z "$${NO_COLOR:-}" ]]; then colour=1; fi; \
	awk -v colour="$$colour" 'BEGIN {FS = ":.*## "; if (colour) {name = "\033[36m"; head = "\033[1m"; end = "\033[0m"} \
	    printf "usage: make %sTARGET%s [CLUSTER=embedded|kind|current] [PKG=./node/...] [FUZZTIME=30s]\n", name, end} \
	  /^##@/ {printf "\n%s%s%s\n", head, substr($$0, 5), end} \
	  /^[a-zA-Z0-9_-]+:.*## / {printf "  %s%-17s%s %s\n", name, $$1, end, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## Bring a Kubernetes cluster, the operator and a demo network to life.
	@hack/scripts/up.sh

.PHONY: down
down: ## Take away all that `make up` made: processes, mounts, namespaces, links, rules.
	@hack/scripts/down.sh

.PHONY: build
build: ## Build posnet and posnet-operator into bin/, static and reproducible.
	@hack/scripts/build.sh

.PHONY: image
image: ## Build the container image with Docker, or without an engine as dist/image.tar.
	@hack/scripts/image.sh

##@ Check it

.PHONY: test
test: ## All tests: unit with race, simulation, controllers on a real API server, end to end.
	@hack/scripts/test.sh

.PHONY: check
check: generate-check lint vet unit race ## What a commit must pass, without a cluster.

.PHONY: unit
unit: ## Unit tests of PKG.
	@hack/scripts/gotest.sh unit $(PKG)

.PHONY: race
race: ## Unit tests of PKG with the race detector.
	@hack/scripts/gotest.sh race $(PKG)

.PHONY: sim
sim: ## The simulated world: one of HEIGHTS heights and SEEDS fresh ones, under everything that can go wrong.
	@hack/scripts/gotest.sh sim

.PHONY: process-test
process-test: ## Real processes under kill -9, and a real full disk (as root); about two minutes.
	@hack/scripts/gotest.sh process

.PHONY: soak
soak: ## As many simulated worlds as a night takes: SEEDS=100000 PROFILE=all.
	@go build -o bin/posnet-soak ./cmd/posnet
	@bin/posnet-soak sim --profile "$(PROFILE)" --seeds "$(or $(SEEDS),10000)" --seed "$(or $(SEED),$(shell date +%s))" --jobs "$$(nproc)"

.PHONY: sim-hundred
sim-hundred: ## 4 to 100 simulated validators, 50 ms apart: finality, messages, bytes per block (FLAGS="--validators 4,7 --link 20ms").
	@hack/scripts/build.sh posnet
	@bin/posnet sim measure $(FLAGS)

.PHONY: bench-chain
bench-chain: ## posnet and CometBFT in turn on this machine: one table, one line of JSON (FLAGS=--quick).
	@hack/scripts/build.sh posnet
	@cd hack/bench && go run . --posnet "$(CURDIR)/bin/posnet" $(FLAGS)

.PHONY: bench-curve
bench-curve: ## 4, 7, 13 and 25 validators on this machine: finality, peak, messages, memory; up to 8 min (FLAGS=--quick: 3).
	@hack/scripts/build.sh posnet
	@cd hack/bench && go run . --posnet "$(CURDIR)/bin/posnet" --curve 4,7,13,25 $(FLAGS)

.PHONY: bench-large
bench-large: ## The peak in a small and in a large state, joins by snapshot, starts: ACCOUNTS=1000000 (some 7 min) or 10000000 (20).
	@hack/scripts/bench-large.sh

.PHONY: bench-long
bench-long: ## Whether the peak holds while the chain grows, disk, starts: TRANSFERS=10000000 (some 20 min).
	@hack/scripts/bench-long.sh

.PHONY: mutants
mutants: ## Plant every bug of docs/mutants.md, one at a time: the tests must find each.
	@go run ./hack/mutants

.PHONY: controllers-test
controllers-test: ## The operator's controllers against a real API server.
	@hack/scripts/gotest.sh controllers

.PHONY: e2e
e2e: ## End-to-end tests on a cluster (the embedded one unless CLUSTER says otherwise).
	@hack/scripts/gotest.sh e2e

.PHONY: bench
bench: ## The figures of the README as a table, and micro-benchmarks for benchstat (BENCH_GO=none: without, all: more).
	@hack/scripts/bench.sh

.PHONY: bench-micro
bench-micro: ## Micro-benchmarks for benchstat, on the standard output (BENCH=Batch BENCH_COUNT=6 BENCHTIME=200ms PKG=./node/keys).
	@hack/scripts/microbench.sh $(filter-out ./...,$(PKG))

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME.
	@hack/scripts/fuzz.sh $(FUZZTIME)

##@ Keep it tidy

.PHONY: generate
generate: ## Generate CRDs, RBAC, deep copies and the API stubs.
	@hack/scripts/generate.sh

.PHONY: generate-check
generate-check: ## Fail if what is generated is not what is committed.
	@hack/scripts/generate.sh --check

.PHONY: lint
lint: ## golangci-lint, actionlint, shell syntax.
	@hack/scripts/lint.sh $(PKG)

.PHONY: vet
vet: ## go vet.
	@go vet $(PKG)

.PHONY: fmt
fmt: ## Format all Go files.
	@gofmt -s -w $$(git ls-files '*.go')

.PHONY: manifests-check
manifests-check: ## helm lint, kubeconform over every rendered manifest.
	@hack/scripts/manifests.sh

.PHONY: vuln
vuln: ## govulncheck over the module (needs the vulnerability database on the network).
	@"$$($(TOOL) govulncheck)" ./...

.PHONY: tools
tools: ## Build all pinned tools now.
	@$(TOOL) --all

.PHONY: clean
clean: ## Remove what builds leave in the tree (not the caches, not a running cluster).
	@rm -rf bin dist coverage.txt
