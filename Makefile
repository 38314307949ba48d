# Keymend. `make help` lists what can be made.
#
# Needs Go 1.26 or later, git and make; nothing else for `demo` and `test`.
# Recipes are POSIX sh. Everything that is made lands in build, dist, .tools
# and cover.out.

# Packages are named, never ./... : the CDK app (infra) pulls in 463 MB that
# neither the demo nor the functions need.
PACKAGES  := ./cmd/... ./functions/... ./pkg/... ./infra/template/... ./infra/cdkcontext/... ./infra/zip/... ./infra/steps/...
# The rest of infra, which needs the CDK, and Node to run.
INFRA     := ./infra/...
FUNCTIONS := diagnose remediate
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The packages in which others' programs judge some of what is tested.
JUDGED    = $(addprefix ./,$(sort $(dir $(shell grep -rl '^func TestJudged' --include=*_test.go cmd pkg))))

# How long `make fuzz` spends on each target, and `make bench` on each; how many
# questions `make differential` asks.
FUZZTIME  ?= 2m
CASES     ?= 100000
BENCHTIME ?= 1s

# Tools are built from source, at these versions, into .tools.
# The CDK's CLI comes from the registry, at the version of infra/cdk.
CDK              := .tools/cdk/node_modules/.bin/cdk
GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .tools/bin/golangci-lint-$(GOLANGCI_VERSION)

# One flavour of build for the program, the functions and the tests: each
# other flavour would compile the EC2 client again (95 s and 3 GB).
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath -buildvcs=false
export GOWORK      := off
unexport GOOS GOARCH
# The CDK's CLI tells AWS nothing about who runs it.
export CDK_DISABLE_CLI_TELEMETRY := true

GO      := go
LDFLAGS := -s -w -buildid= -X main.version=$(VERSION)

# What is run for an organization; infra/steps says in which order.
ORGANIZATION := check-organization bootstrap-hub deploy-hub deploy-organization organization

.DEFAULT_GOAL := help
.PHONY: help check cold build install $(FUNCTIONS:%=build-%) dist $(FUNCTIONS:%=dist-%) \
	synth bootstrap diff deploy deploy-regions test-infra test test-report test-race conformance differential mutants killed demo picture report-pictures lint fmt cover fuzz bench lines verify ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' Makefile

check: ## say what is missing on this machine, and what to do about it
	@sh .ci/check

cold: check
	@sh .ci/cold

build: cold ## build the program and the functions into build/, for this machine
	@$(MAKE) --no-print-directory $(FUNCTIONS:%=build-%)
	@$(GO) build -p 2 -ldflags '$(LDFLAGS)' -o build/keymend ./cmd/keymend
	@echo "built build/keymend and $(FUNCTIONS:%=build/%/bootstrap), version $(VERSION)"

install: cold ## build the program, and put it where `go install` does
	@$(GO) install -p 2 -ldflags '$(LDFLAGS)' ./cmd/keymend
	@sh .ci/installed $(VERSION)

$(FUNCTIONS:%=build-%): build-%:
	@$(GO) build -p 2 -tags lambda.norpc -ldflags '$(LDFLAGS)' -o build/$*/bootstrap ./functions/$*

dist: check $(FUNCTIONS:%=dist-%) ## build the functions for AWS Lambda (arm64) into dist/, and zip them
	@$(foreach f,$(FUNCTIONS),$(GO) run ./infra/zip dist/$f/bootstrap dist/$f.zip &&) true
	@ls -l $(FUNCTIONS:%=dist/%/bootstrap) $(FUNCTIONS:%=dist/%.zip) | awk '{ printf "%6.1f MB  %s\n", $$5/1e6, $$NF; limit = $$NF ~ /zip$$/ ? 6 : 16; \
	    if ($$5 > limit * 1e6) { print "over " limit " MB: something defeats dead-code elimination (text/template, reflection by name)"; bad = 1 } } END { exit bad }'

$(FUNCTIONS:%=dist-%): dist-%: cold
	@GOOS=linux GOARCH=arm64 $(GO) build -p 2 -tags lambda.norpc -ldflags '$(LDFLAGS)' -o dist/$*/bootstrap ./functions/$*

synth: dist ## synthesise the CloudFormation stacks into build/cdk.out; needs Node, no credentials
	@rm -rf build/cdk.out
	@CDK_OUTDIR=build/cdk.out $(GO) run ./infra
	@echo synthesised build/cdk.out/*.template.json

bootstrap: dist ## prepare an account and Region for the CDK, once
	@sh .ci/cdk
	@$(CDK) bootstrap $(CDKFLAGS)

diff: dist ## say what `make deploy` would change; takes credentials and Region as the AWS CLI does
	@sh .ci/cdk
	@$(CDK) diff keymend $(CDKFLAGS)

# Without --no-previous-parameters the CLI keeps the values of the last
# deployment, and what changed in cdk.json would not get through.
deploy: dist ## deploy the stack to the account and Region of the credentials
	@sh .ci/cdk
	@$(CDK) deploy keymend --no-previous-parameters $(CDKFLAGS)

# Whoever may approve is known to a Region by the id that IAM gave the account's role.
deploy-regions: dist ## deploy the stacks of the account's further Regions (keymend:accountRegions), after `make deploy`
	@sh .ci/cdk
	@id=$$(aws iam get-role --role-name keymend-approver --query Role.RoleId --output text) && \
	    $(CDK) deploy 'keymend-in-*' --no-previous-parameters --parameters ApproverRoleId=$$id $(CDKFLAGS)

check-organization: ## say what stands in the way of a deployment to an organization; reads only
bootstrap-hub: ## prepare the hub's account for the CDK, once
deploy-hub: ## deploy an organization's hub; REGION=… only its stack there
deploy-organization: ## deploy to an organization's accounts; WAVE=canary, or WAVE=main, only to those
organization: ## all four, in order; HUB_PROFILE and ADMIN_PROFILE name the credentials, DRY_RUN=1 only prints

# From a file, not from a pipe: the CDK asks whoever runs it.
$(ORGANIZATION):
	@$(if $(DRY_RUN),,$(MAKE) --no-print-directory build $(if $(filter check-organization,$@),,dist) && $(if $(filter check-organization,$@),true,sh .ci/cdk))
	@mkdir -p build && CDK='$(CDK)' $(GO) run ./infra/steps $@ > build/$@.sh
	@$(if $(DRY_RUN),cat,sh -ex) build/$@.sh

test-infra: check ## run the tests of the CDK app (needs Node); cfn-lint and moto judge it
	@sh .ci/cdk
	@KEYMEND_JUDGES=1 $(GO) test -p 2 -count=1 -timeout 20m $$($(GO) list $(INFRA) | grep -vxF "$$($(GO) list $(PACKAGES))")
	@$(GO) test -p 1 -count=1 ./pkg/internal/layers -cdk

# Three packages at a time: some tests wait more than they compute.
test: build ## run the tests (no C compiler, no network, no AWS account)
	@$(GO) test -p 3 -shuffle=on -timeout 20m $(PACKAGES)
	@echo 'not run here: what others judge (make conformance, differential, test-report, test-infra), and most cases of the large tables (make killed)'

test-race: check ## run the tests under the race detector, of the packages that do something at the same time (needs gcc)
	@sh .ci/race $(PACKAGES)

conformance: build ## hold the sandbox, and what is printed and exported, to boto3, the AWS CLI, moto and cfn-lint; a missing tool fails
	@KEYMEND_JUDGES=1 $(GO) test -p 2 -count=1 -timeout 20m ./pkg/sandbox/conformance/...
	@KEYMEND_JUDGES=1 $(GO) test -p 2 -count=1 -timeout 20m -run '^TestJudged' $(JUDGED)

# The simulator's licence is the AGPL: a tool of the tests, never linked.
differential: check ## hold the access evaluator to another's, run by Node, on CASES (100000) questions, and the permissions to AWS's reference
	@command -v npm >/dev/null || { echo 'missing: Node 20 or later with npm' >&2; exit 1; }
	@sh .ci/simulator
	@KEYMEND_JUDGES=1 KEYMEND_DIFFERENTIAL_CASES=$(CASES) $(GO) test -p 2 -count=1 -v -timeout 30m ./pkg/access/differential/...
	@KEYMEND_JUDGES=1 $(GO) test -p 2 -count=1 -v -run '^Test(PoliciesAreOfAWSsReference|TheReferenceComplains|GuardrailsReachWhatTheyName)$$' ./pkg/permission

test-report: check ## hold the HTML report to Chromium and axe-core (needs Node; installs Debian's Chromium where it may)
	@sh .ci/chromium
	@KEYMEND_JUDGES=1 $(GO) test -p 2 -count=1 -v ./cmd/keymend/internal/htmlreport/browser

mutants: check ## plant each fault of the committed list in the evaluator: the tests must catch every one
	@$(GO) test -p 2 -count=1 -timeout 30m ./pkg/access -run '^TestMutants$$' -mutants

killed: check ## tell every story with the functions killed, disturbed, and without each permission; `make test` does a sample
	@$(GO) test -p 2 -count=1 -timeout 30m ./pkg/sandbox/endtoend -run '^Test(Killed|Disturbed|Every|Faults|HealsInEvery|FindsTheKey|Uncopiable|Table|Keys|Devices|Sources|Groups)' -whole

demo: build ## watch it work in the sandbox; nothing leaves this machine
	@build/keymend demo --functions build

picture: build ## draw docs/demo.svg, README's picture, from what the demo really says
	@mkdir -p build && build/keymend demo --functions build --color always > build/demo.txt
	@$(GO) run ./cmd/keymend/internal/picture < build/demo.txt > build/demo.svg && mv build/demo.svg docs/demo.svg

report-pictures: check ## take docs/report*.png, the pages' pictures, of what keymend report says of the sandbox's scenario account
	@sh .ci/chromium
	@$(GO) test -count=1 ./cmd/keymend/internal/htmlreport/browser -run '^TestInChromium$$/^FirstDay$$' -update

lint: check $(GOLANGCI) ## run golangci-lint
	@$(GOLANGCI) run $(PACKAGES) $(INFRA)

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
	@sh .ci/verify $(GOLANGCI) $(PACKAGES) $(INFRA)

ci: ## do what continuous integration does (.ci/run)
	@.ci/run

clean: ## remove what was made
	@rm -rf build dist cover.out
