# One entry for everything: `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --no-strip-extras --no-annotate --custom-compile-command 'make lock'
BIND ?= 127.0.0.1:8443
METRICS_BIND ?= 127.0.0.1:8080
WORKERS ?= 2
FUZZ_SECONDS ?= 60
DIST ?= dist
SCRIPTS = $(addprefix .ci/,base dist notes run) $(wildcard deploy/bootstrap/lib/*.sh) \
  $(addprefix deploy/bootstrap/,argocd cluster gpu-node verify)

.DEFAULT_GOAL := help
.PHONY: help run demo test test-slow chaos property fuzz fuzz-guided sbom audit-deps e2e helm tofu builder gitops prometheus check format render chart lock image dist version bench bench-compare profile bench-apiserver bench-growth clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/runtime ## serve the shipped policies and show what it does (BIND=127.0.0.1:8443)
	@$(BIN)/gpuclass serve --policies policies/ --bind $(BIND) --metrics-bind $(METRICS_BIND) \
	  --log-format text --welcome

demo: $(VENV)/dev ## the same beside a real API server and scheduler (built on first use)
	@$(BIN)/python -m tests.cluster.demo

test: $(VENV)/dev ## all tests, those on a real control plane included, by two workers (WORKERS=2)
	@$(BIN)/python -m tests.cluster.binaries >/dev/null || [ "$$REQUIRE_CONTROL_PLANE" != 1 ]
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --cov --cov-report=term

property: $(VENV)/dev ## the properties with a hundred times as many examples, by WORKERS
	@HYPOTHESIS_PROFILE=slow $(BIN)/python -m pytest --numprocesses $(WORKERS) tests/property \
	  tests/cluster/test_library.py

fuzz: $(VENV)/dev ## spoilt inputs for FUZZ_SECONDS: no fault of ours, no way onto a GPU node
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

fuzz-guided: $(VENV)/tools ## the same, led by which code an input reaches (atheris): FUZZ_SECONDS for each target
	@$(VENV)/tools-venv/bin/python -m tests.fuzz.guided --seconds $(FUZZ_SECONDS)

test-slow: $(VENV)/dev ## the tests that take minutes (10 in all, 12 with `make builder`): crashes of the leader, who writes nodes
	@$(BIN)/python -m pytest -m slow

chaos: $(VENV)/dev ## every fault under load, 10,000 pods each (an hour; ROWS="rolling clock"): docs/reliability.md
	@$(BIN)/python -m tests.cluster.chaos $(ROWS)

e2e: $(VENV)/dev ## the bootstrap with real containers, Terraform with its provider, where they are at hand
	@$(BIN)/python -m tests.e2e.terraform_plan
	@$(BIN)/python -m tests.e2e

helm: $(VENV)/dev ## build Helm, for the tests of deploy/chart (3 minutes)
	@$(BIN)/python -m tests.deploy.helm

tofu: $(VENV)/dev ## build OpenTofu, for the tests of deploy/terraform (5 minutes, once)
	@$(BIN)/python -m tests.deploy.opentofu

builder: $(VENV)/dev ## BuildKit and a base, for the tests that build the image (6 minutes, once; root)
	@$(BIN)/python -m tests.deploy.buildkit

prometheus: $(VENV)/dev ## build Prometheus, where Debian's is not enough for its tests (11 minutes, once)
	@$(BIN)/python -m tests.deploy.prometheus

gitops: $(VENV)/dev ## our Applications on a real Argo CD (built on first use, 6 minutes)
	@$(BIN)/python -m tests.cluster.binaries >/dev/null
	@$(BIN)/python -m tests.gitops.programs >/dev/null
	@REQUIRE_ARGOCD=1 $(BIN)/python -m pytest tests/gitops

check: $(VENV)/dev ## format, lint, types, layers, shell scripts, Dockerfile, policies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck --external-sources $(SCRIPTS)
	$(BIN)/shfmt --diff --indent 2 --case-indent $(SCRIPTS)
	$(BIN)/hadolint Dockerfile
	$(BIN)/gpuclass lint policies/
	$(BIN)/gpuclass test policies/

format: $(VENV)/dev ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/shfmt --write --indent 2 --case-indent $(SCRIPTS)

render: $(VENV)/dev ## write what the code writes: the kinds of deploy/crds, the chart, PrometheusRules, dashboards, pages of docs
	for kind in gpuclasses gpunodes gpunodepools gpupolicies; do \
	  $(BIN)/gpuclass render --crds $$kind > deploy/crds/$$kind.yaml || exit 1; done
	$(BIN)/python -m tests.deploy.chart
	$(BIN)/python -m tests.deploy.monitoring
	$(BIN)/python -m tests.deploy.dashboards
	$(BIN)/python -m tests.docs.reference

chart: $(VENV)/dev ## write the templates of deploy/chart from deploy/base
	@$(BIN)/python -m tests.deploy.chart

image: ## build the container image (needs Docker; BASE=python:3.11-slim@sha256:... from a digest)
	docker build $(if $(BASE),--build-arg BASE=$(BASE)) --tag gpuclass:$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' webhook/__init__.py) .

dist: $(VENV)/dev ## what a release has beside its image: IMAGE=registry.example.com/gpuclass
	@HELM="$$($(BIN)/python -m tests.deploy.helm)" .ci/dist "$(or $(IMAGE),gpuclass)" dist
	@ls -l dist

version: $(VENV)/dev ## have everything name another version: VERSION=1.2.3
	@$(BIN)/python -m tests.deploy.versions "$(VERSION)"

bench: $(VENV)/dev ## our server against a Go server that does the same work
	@$(BIN)/python -m benchmarks

bench-compare: $(VENV)/dev ## is our server slower than in another commit? BASE=main (4 minutes)
	@$(BIN)/python -m benchmarks.compare $(BASE)

profile: $(VENV)/dev $(VENV)/tools ## where the time goes in a server under load, by py-spy; BASE=main: there too
	@$(BIN)/python -m benchmarks.profile --py-spy $(VENV)/tools-venv/bin/py-spy $(if $(BASE),--base $(BASE))

bench-apiserver: $(VENV)/dev ## what a pod costs through a real API server: ours, Go, a native policy, none
	@$(BIN)/python -m benchmarks.apiserver

bench-growth: $(VENV)/dev ## what a review, a start and memory cost as classes, pods and nodes become many
	@$(BIN)/python -m benchmarks.growth

lock: $(VENV)/dev ## resolve the dependencies anew (requirements/*.txt)
	$(COMPILE) --group build --output-file requirements/build.txt
	$(COMPILE) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --group build --group tools --output-file requirements/tools.txt

sbom: $(VENV)/dev ## the packages of requirements/runtime.txt as a CycloneDX SBOM, in dist
	@mkdir -p $(DIST)
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml \
	  --output-reproducible --output-format JSON --output-file $(DIST)/gpuclass.cdx.json
	@echo $(DIST)/gpuclass.cdx.json

audit-deps: $(VENV)/dev $(VENV)/tools ## ask PyPI's advisories about each locked package; OSV=all.zip: an export, offline
	@$(BIN)/python -m tests.deploy.advisories $(if $(OSV),--osv $(OSV))

clean: ## remove what was made here (not the cache of built binaries)
	rm -rf $(VENV) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/runtime: requirements/build.txt requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gpuclass needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@[ -w . ] || { echo "can not write to $$(pwd): make a copy that you own" >&2; exit 2; }
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)" >&2; exit 2; }
	@$(PIP) install --require-hashes --requirement requirements/build.txt --requirement requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.txt
	@echo "installing the tools for tests and checks into $(VENV) ..."
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

$(VENV)/tools: $(VENV)/runtime requirements/tools.txt
	@echo "installing atheris, pip-audit and py-spy into $(VENV)/tools-venv ..."
	@$(PYTHON) -m venv $(VENV)/tools-venv
	@$(VENV)/tools-venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements/tools.txt
	@touch $@
