# make demo     start everything, send load, prove its arrival, serve the board until Ctrl-C
# make smoke    the same, then stop; fails unless all holds (bin/stack smoke gives the verdict's own exit code)
# make red      every source of rate, errors and duration against the truth, under several workloads
# make test     everything that proves the project
#
# Flags go in ARGS: make smoke ARGS="-rate 500 -duration 1m -v". PROFILE=prometheus make demo runs Prometheus and
# Alertmanager, too. `make help` lists all targets.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# What is built for containers, and for which machines.
PARTS := ./demo-app ./demo-app/icatfake ./loadgen ./provisioner
ARCHS := amd64 arm64

.PHONY: build demo smoke red up down status doctor test test-containers test-k8s drills bench bench-app bench-loadgen bench-verify bench-lag lint compose-config images cross sbom update clean help

build: ## our binaries into bin/
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/ ./demo-app ./loadgen ./provisioner ./stack

bin/stack: FORCE # only the runner: it builds the others itself
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/stack ./stack

demo smoke red up down status doctor: bin/stack ## run the stack: see bin/stack -h
	@bin/stack $@ $(if $(and $(PROFILE),$(filter demo smoke up doctor,$@)),-profile $(PROFILE)) $(ARGS)

test: lint cross ## everything: linters, all tests with the race detector, the whole loop on the real parts
	go test -race -timeout 20m $$(go list ./... | grep -v /stack/loop)
	go test -count=1 -run CoordinatedOmission ./loadgen/attack
	go test -run '^TestSame' ./demo-app/internal/upstream
	cd beats/native && go vet ./...
	cd images && go vet ./... && go test ./...
	cd k8s/helm && go vet ./... && go test ./...
	PLUMBLINE_ARTIFACTS=$(CURDIR)/artifacts go test -count=1 -timeout 30m ./stack/loop

test-containers: ## compose.yaml with real containers, without a network; needs root and docker.io; ARGS=-short for the half that matters most
	PLUMBLINE_CONTAINERS=1 PLUMBLINE_ARTIFACTS=$(CURDIR)/artifacts go test -count=1 -timeout 60m -v ./stack/containers $(ARGS)

test-k8s: ## k8s/ on a real API server and a real node, without a network; the node needs root and containerd; ARGS=-short for the half that matters most
	PLUMBLINE_K8S=1 PLUMBLINE_ARTIFACTS=$(CURDIR)/artifacts go test -count=1 -timeout 60m -v ./stack/cluster $(ARGS)

drills: ## hurt the pipeline on purpose and hold the verdict against a stated contract: docs/drills.md; ARGS="-run 'TestDrills/cut'" for some
	PLUMBLINE_DRILLS=1 PLUMBLINE_ARTIFACTS=$(CURDIR)/artifacts go test -count=1 -timeout 60m -v ./stack/drills $(ARGS)

bench: ## what single parts cost: access line, identity, cache, limits, ledger
	go test -run '^$$' -bench 'AccessLine|Identify|Observe|Operation|Hit|Inject|Enter' -benchmem ./demo-app/...
	go test -run '^$$' -bench . -benchmem ./loadgen/...

bench-app: ## demo-app: what being observed costs a request, beside a bare handler and podinfo; queries at full scale
	go test -run '^$$' -bench 'AccessLine|Identify|Observe|Operation' -benchmem ./demo-app/telemetry
	go test -timeout 20m -run '^$$' -bench '^BenchmarkObserved$$' -benchtime 1x ./demo-app/internal/rest
	go test -timeout 20m -run '^$$' -bench Queries ./demo-app/internal/store

bench-loadgen: ## loadgen beside wrk, oha, vegeta and k6, those that are there; ARGS=-quick for a short form
	go run ./loadgen/peers $(ARGS)

bench-verify: ## what the verdict takes beside a real Elasticsearch, by number of documents; ARGS="-sizes 10M" for another
	go run ./stack/verifybench $(ARGS)

bench-lag: bin/stack ## how late lines are, hop by hop, and what it costs, with each profile of Filebeat; ARGS="-rates 10,5000"
	@bin/stack lag $(ARGS)

lint: ## vet, format, staticcheck, Dockerfile, workflow; govulncheck and shellcheck where they can run
	@test -z "$$(gofmt -l .)" || { gofmt -l . && echo "hint: make update" >&2 && exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	cd images && go run ./dockerlint ../Dockerfile
	go run $(ACTIONLINT) .github/workflows/*.yml
	@if curl -fsS -m 10 -o /dev/null https://vuln.go.dev/index/db.json 2>/dev/null; \
	then go run $(GOVULNCHECK) ./...; else echo "govulncheck: skipped, vuln.go.dev does not answer"; fi
	@if command -v shellcheck >/dev/null; then shellcheck .ci/run k8s/base/setup/*.sh k8s/components/*/*.sh stack/images/entrypoints/*.sh; else echo "shellcheck: skipped, not installed"; fi

compose-config: ## compose.yaml as docker compose reads it, with every profile (tests do it without Docker)
	@for p in "" $$(docker compose --profile '*' config --profiles); do \
	  docker compose $${p:+--profile $$p} config --quiet && echo "profile $${p:-(none)}: ok" || exit 1; done

images: ## build the images with labels: TARGETS=publish for all architectures, ARGS=--push
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) REVISION=$$(git rev-parse HEAD) \
	CREATED=$$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ) \
	docker buildx bake --file docker-bake.hcl $(TARGETS) $(ARGS)

cross: ## the programs of the images for every architecture, into bin/linux-…/
	@for arch in $(ARCHS); do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -o bin/linux-$$arch/ $(PARTS) || exit 1; done

sbom: ## what is in each program, as CycloneDX, into artifacts/sbom
	@cd images && go build -o ../bin/cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@mkdir -p artifacts/sbom
	@for part in $(PARTS); do \
	  CGO_ENABLED=0 GOOS=linux bin/cyclonedx-gomod app -json -std -licenses -noserial -main $$part \
	    -output artifacts/sbom/$$(basename $$part).cdx.json . || exit 1; done

update: ## format, and rewrite the golden files
	gofmt -w .
	go test ./stack ./dashboards ./dashboards/promql ./dashboards/grafana ./dashboards/kibana ./provisioner/grafana ./provisioner/arrival ./provisioner/red ./loadgen/report ./k8s ./demo-app/internal/config ./demo-app/internal/rest -update
	cd k8s/helm && go run .

clean: ## everything made here; downloads and builds are made again
	@if [ -x bin/stack ]; then bin/stack down; fi
	rm -rf bin artifacts .plumbline elasticsearch/target elasticsearch/*/target elasticsearch/*/*/target

help: ## this list
	@grep -hE '^[a-z -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 36

FORCE:
