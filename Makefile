# What one types here. `make` alone prints the targets; CI runs `make test`.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help

# The release build, the linters and vet share one set of compiled packages,
# because they are all built without cgo and with trimmed paths.
export CGO_ENABLED := 0
export GOFLAGS     := $(strip $(shell go env GOFLAGS) -trimpath)
export NPM_CONFIG_LOGLEVEL := error

GOLANGCI_VERSION    := v2.15.0
DEADCODE_VERSION    := v0.52.0
GOVULNCHECK_VERSION := v1.9.0
NFPM_VERSION        := v2.45.2

TOOLS    := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/unity-tools/$(shell go env GOVERSION)
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
DEADCODE := $(TOOLS)/deadcode-$(DEADCODE_VERSION)
NFPM     := $(TOOLS)/nfpm-$(NFPM_VERSION)
RESULTS  := $(CURDIR)/build/results

# What tests start beside the product: each a module of its own, built once, under
# a name that is the hash of the compiler and the sources. Tests ask for that name.
# The longest build comes first: kubetest takes minutes where nothing of it is cached.
HELPER_DIRS := app/cluster/kubetest app/oidc/providertest app/backup/place/s3test app/backup/litestreamtest app/cert/acmetest packaging/manifesttest
sources      = $(sort $(wildcard $(addprefix $(1)/,*.go go.mod go.sum ldflags)))
helper       = $(TOOLS)/$(notdir $(1))-$(shell (go env GOVERSION; cat $(call sources,$(1))) | sha256sum | cut -c 1-16)
HELPERS     := $(foreach dir,$(HELPER_DIRS),$(call helper,$(dir)))
PROVIDER    := $(filter $(TOOLS)/providertest-%,$(HELPERS))
KUBETEST    := $(filter $(TOOLS)/kubetest-%,$(HELPERS))

# The files that the page and the binary are made of.
GO_FILES  := go.mod go.sum $(wildcard main.go) $(shell find app store migrations -type f -not -name '*_test.go' -not -path '*/testdata/*') $(wildcard web/*.go)
WEB_FILES := web/index.html web/vite.config.ts web/tsconfig.json $(shell find web/src web/public -type f -not -name '*.test.*')
MODULES   := web/node_modules/.package-lock.json
PAGES     := web/dist/index.html

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

##### Build and run

.PHONY: run build dev gen
run: unity ## Build what is out of date and serve on the data directory ./data
	./unity serve --data-dir data --http :8080 --https :8443

build: unity ## Build the pages and the one binary ./unity

unity: $(GO_FILES) $(PAGES)
	go build -ldflags "-s -w" -o $@ .

$(PAGES): $(WEB_FILES) $(MODULES)
	cd web && npm run --silent build -- --logLevel warn
	@touch $@

$(MODULES): web/package.json web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

dev: $(MODULES) ## Serve the pages from their sources on :5173, the API from a demo
	@trap 'kill 0' EXIT; (cd web && npx vite) & \
	if command -v watchexec >/dev/null; then watchexec -r -e go,sql -- go run -tags dev . serve --demo; \
	else go run -tags dev . serve --demo; fi

gen: $(MODULES) ## Write what is generated: the schema, the API document, its types, licences
	go run ./packaging/papers licenses
	go test ./store -run Schema -update
	go test ./app/httpapi -run Spec -update
	cd web && npm run --silent gen

##### Test

# What `make test` runs, two at a time and longest first. The browser comes
# last and alone, so that nothing slows what it measures.
CHECKS := lint-go test-go unity test-web lint-web vet deadcode tidy gen-check lint-sh

.PHONY: test check lint e2e fuzz bench vuln helpers
test: system ## Everything CI runs
	@rm -rf $(RESULTS); mkdir -p $(RESULTS); bad=0; \
	$(MAKE) -j2 -k -Otarget $(CHECKS) || bad=1; \
	$(MAKE) e2e || bad=1; \
	go run ./packaging/tally $(RESULTS)/*.json || bad=1; \
	exit $$bad

check: $(PAGES) $(GOLANGCI) $(HELPERS) $(NFPM) ## The quick half, for before a commit
	@$(MAKE) -j2 -k -Otarget lint-go vet gen-check lint-web
	go test ./...
	cd web && npx vitest run

lint: ## Only the linters
	@$(MAKE) -j2 -k -Otarget lint-go vet deadcode tidy lint-sh lint-web

e2e: unity $(MODULES) $(PROVIDER) $(KUBETEST) ## Only the browser suite, against the built binary
	@mkdir -p $(RESULTS)
	cd web && PROVIDER=$(PROVIDER) KUBETEST=$(KUBETEST) PLAYWRIGHT_JSON_OUTPUT_FILE=$(RESULTS)/playwright.json npx playwright test --reporter=list,json

fuzz: $(PAGES) ## Every fuzz target for 30 s
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r pkg; do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s $$pkg; done; done

bench: unity $(HELPERS) $(NFPM) ## The figures that are promised, each beside its limit
	@NFPM=$(NFPM) KUBETEST=$(KUBETEST) go run ./packaging/bench

vuln: ## Known holes in what we use (asks vuln.go.dev)
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

helpers: $(HELPERS) $(NFPM) ## Build what the tests run against

##### The steps of the above

.PHONY: system lint-go vet deadcode tidy lint-sh test-go test-web lint-web gen-check
system:
	@packaging/system.sh

lint-go: $(GOLANGCI) $(PAGES)
	$(GOLANGCI) run --allow-parallel-runners ./...

vet: $(PAGES)
	go vet ./...

deadcode: $(DEADCODE) $(PAGES)
	@out=$$($(DEADCODE) -test ./...); test -z "$$out" || { echo "not reachable:"; echo "$$out"; exit 1; }
	@GOARCH=arm $(DEADCODE) . >/dev/null # it reads all of it, and so finds what 32 bits cannot compile

tidy:
	go mod tidy -diff
	@for dir in $(HELPER_DIRS); do (cd $$dir && go mod tidy -diff); done
	go mod verify

lint-sh:
	shellcheck packaging/*.sh packaging/scripts/*.sh .ci/run .ci/hooks/*

test-go: $(PAGES) $(HELPERS) $(NFPM)
	@mkdir -p $(RESULTS)
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 25m -json ./... | tee $(RESULTS)/go.json | go run ./packaging/tally

test-web: $(MODULES)
	@mkdir -p $(RESULTS)
	cd web && npx vitest run --reporter=default --reporter=json --outputFile.json=$(RESULTS)/vitest.json

lint-web: $(PAGES)
	@! grep -n '"resolved"' web/package-lock.json || { echo "package-lock.json names a registry: npm install with web/.npmrc"; exit 1; }
	cd web && npm run --silent check && npm run --silent lint && npm run --silent budget

gen-check: $(MODULES)
	@mkdir -p build
	cd web && npx openapi-typescript src/api/openapi.json --output ../build/schema.d.ts >/dev/null
	go run ./packaging/papers licenses check
	@diff -u web/src/api/schema.d.ts build/schema.d.ts || { echo "generated files are old: make gen"; exit 1; }

$(GOLANGCI):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION))
$(DEADCODE):
	$(call install,golang.org/x/tools/cmd/deadcode@$(DEADCODE_VERSION))
$(NFPM):
	$(call install,github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION))

# One build at a time; who waited for it finds it there. A module without sources
# names another's command as its tool; what the linker is told stands in ldflags.
$(HELPERS): name = $(firstword $(subst -, ,$(@F)))
$(HELPERS): dir = $(filter %/$(name),$(HELPER_DIRS))
$(HELPERS):
	@mkdir -p $(TOOLS); echo "building $(dir)"
	@flock $(TOOLS)/$(name).lock sh -ec 'test -x $@ || { cd $(dir); go build -ldflags "$$(cat ldflags 2>/dev/null)" -o $@.part $$(test -e main.go && echo . || echo tool); mv $@.part $@; }'

# install builds a tool and names it by its version; half of one never stays.
define install
	@echo "installing $(1)"; mkdir -p $(TOOLS); tmp=$$(mktemp -d); trap 'rm -rf $$tmp' EXIT; \
	GOFLAGS= GOBIN=$$tmp go install $(1); mv $$tmp/* $@
endef

##### Release

.PHONY: package hooks clean
# The version is said by hand: the one in the binary's build information is Go's.
# RELEASE_KEY is the minisign public key whose programs an upgrade takes.
package: $(PAGES) $(MODULES) $(NFPM) ## deb, rpm, tarball and container image for every machine, in build/packages
	@rm -rf build/bin build/packages; mkdir -p build/bin
	@version=$$(packaging/version.sh); for arch in amd64 arm64 arm; do echo "building $$version for $$arch"; \
	GOOS=linux GOARCH=$$arch GOARM=7 go build -buildvcs=true -ldflags "-s -w -X unity.internal/app.number=$$version -X unity.internal/app.releaseKey=$(RELEASE_KEY)" -o build/bin/unity-$$arch .; done
	NFPM=$(NFPM) packaging/package.sh build/bin build/packages
	@ls -l build/packages

hooks: ## Check what is staged before every commit
	git config core.hooksPath .ci/hooks

clean: ## Remove what was built
	rm -rf unity build web/dist/* web/node_modules
