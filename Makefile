# Keymend. `make help` lists what can be made.
#
# Needs Go 1.26 or later, git and make; nothing else for `demo` and `test`.
# Recipes are POSIX sh. Everything that is made lands in build, dist, .tools
# and cover.out.

# Packages are named, never ./... : the CDK app (infra) would pull in 463 MB
# that neither the demo nor the functions need.
PACKAGES  := ./cmd/... ./functions/... ./pkg/... ./infra/template/...
FUNCTIONS := diagnose remediate
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# How long `make fuzz` spends on each target, and `make bench` on each; how many
# questions `make differential` asks.
FUZZTIME  ?= 2m
CASES     ?= 100000
BENCHTIME ?= 1s

# Tools are built from source, at these versions, into .tools.
GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .tools/bin/golangci-lint-$(GOLANGCI_VERSION)

# One flavour of build for the program, the functions and the tests: each
# other flavour would compile the EC2 client again (95 s and 3 GB).
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath -buildvcs=false
export GOWORK      := off
unexport GOOS GOARCH

GO      := go
LDFLAGS := -s -w -buildid= -X main.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help check cold build $(FUNCTIONS:%=build-%) dist $(FUNCTIONS:%=dist-%) \
	test test-race conformance differential mutants killed demo lint fmt cover fuzz bench lines verify ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

check: ## say what is missing on this machine, and what to do about it
	@sh .ci/check

cold: check
	@sh .ci/cold

build: cold ## build the program and the functions into build/, for this machine
	@$(MAKE) --no-print-directory $(FUNCTIONS:%=build-%)
	@$(GO) build -p 2 -ldflags '$(LDFLAGS)' -o build/keymend ./cmd/keymend
	@echo "built build/keymend and $(FUNCTIONS:%=build/%/bootstrap), version $(VERSION)"

$(FUNCTIONS:%=build-%): build-%:
	@$(GO) build -p 2 -tags lambda.norpc -ldflags '$(LDFLAGS)' -o build/$*/bootstrap ./functions/$*

dist: check $(FUNCTIONS:%=dist-%) ## build the functions for AWS Lambda (arm64) into dist/
	@ls -l $(FUNCTIONS:%=dist/%/bootstrap) | awk '{ printf "%6.1f MB  %s\n", $$5/1e6, $$NF; \
	    if ($$5 > 16e6) { print "over 16 MB: something defeats dead-code elimination (text/template, reflection by name)"; bad = 1 } } END { exit bad }'

$(FUNCTIONS:%=dist-%): dist-%: cold
	@GOOS=linux GOARCH=arm64 $(GO) build -p 2 -tags lambda.norpc -ldflags '$(LDFLAGS)' -o dist/$*/bootstrap ./functions/$*

test: build ## run the tests (no C compiler, no network, no AWS account)
	@$(GO) test -p 2 -shuffle=on -timeout 20m $(PACKAGES)
	@sh .ci/not-run

test-race: check ## run the tests under the race detector, where EC2's client isn't linked (needs gcc)
	@sh .ci/race $(PACKAGES)

conformance: build ## hold the sandbox to boto3, the AWS CLI and moto; a missing tool fails
	@KEYMEND_REQUIRE_TOOLS=1 $(GO) test -p 2 -count=1 -v -timeout 20m ./pkg/sandbox/conformance/...

# The simulator's licence is the AGPL: a tool of the tests, never linked.
differential: check ## hold the access evaluator to another's, run by Node, on CASES (100000) questions, and the permissions to AWS's reference
	@command -v npm >/dev/null || { echo 'missing: Node 20 or later with npm' >&2; exit 1; }
	@sh .ci/simulator
	@KEYMEND_REQUIRE_TOOLS=1 KEYMEND_DIFFERENTIAL_CASES=$(CASES) $(GO) test -p 2 -count=1 -v -timeout 30m ./pkg/access/differential/...
	@KEYMEND_REQUIRE_TOOLS=1 $(GO) test -p 2 -count=1 -v -run '^Test(Tools|PoliciesAreOfAWSsReference|TheReferenceComplains)$$' ./pkg/permission

mutants: check ## plant each fault of the committed list in the evaluator: the tests must catch every one
	@$(GO) test -p 2 -count=1 -timeout 30m ./pkg/access -run '^TestMutants$$' -mutants

killed: check ## kill the functions at every one of their calls, in every story: all must end as if nothing had happened
	@$(GO) test -p 2 -count=1 -timeout 30m ./pkg/sandbox/endtoend -run '^TestKilled$$' -kill-every 1

demo: build ## watch it work in the sandbox; nothing leaves this machine
	@build/keymend demo --functions build

lint: check $(GOLANGCI) ## run golangci-lint
	@$(GOLANGCI) run $(PACKAGES)

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), about 75 seconds, once"
	@GOBIN="$(CURDIR)/.tools/bin" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .tools/bin/golangci-lint $@

fmt: check ## format the Go code
	@gofmt -l -w cmd functions infra pkg

cover: build ## run the tests and print how much of each package they reach
	@$(GO) test -p 2 -timeout 20m -coverprofile=cover.out $(PACKAGES) | sed -n 's/^ok[[:space:]]*\([^[:space:]]*\).*coverage: \([0-9.]*%\).*/\2 \1/p; /^FAIL/p; /^---/p' | \
	    awk '/^FAIL|^---/ { print; bad = 1; next } { printf "%7s  %s\n", $$1, $$2 } END { exit bad }'
	@$(GO) tool cover -func=cover.out | awk 'END { printf "%7s  all\n", $$NF }'

fuzz: check ## run every fuzz target for FUZZTIME (2m)
	@sh .ci/fuzz $(FUZZTIME) $(PACKAGES)

bench: build ## run the benchmarks
	@$(GO) test -p 1 -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PACKAGES)

lines: ## count the lines of product, sandbox, generated tables and tests
	@sh .ci/lines

verify: check $(GOLANGCI) ## format, tidy, generate, lint; fail if that changed anything
	@sh .ci/verify $(GOLANGCI) $(PACKAGES)

ci: ## do what continuous integration does (.ci/run)
	@.ci/run

clean: ## remove what was made
	@rm -rf build dist cover.out
