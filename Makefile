# make demo    set up, start the service on loopback, play a patient through it, stop
# make serve   set up, start the service and keep it running
# make setup   set up only
# make test    all tests that need no GPU
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
FHIR := .tools/fhir-server
export CDS_DATA_DIR ?= .data

.PHONY: setup demo serve test lint types contracts check docs bench bench-model lock vendor clean

# The lock pins everything else by hash; torch alone is pinned by version, because its CPU and CUDA files differ.
$(VENV)/.ready: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps $(TORCH)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

setup: $(VENV)/.ready
	$(BIN)/cds-service prepare

demo: $(VENV)/.ready
	$(BIN)/cds-service demo

serve: $(VENV)/.ready
	$(BIN)/cds-service serve

# An independent FHIR server that tests fetch from. It pins old libraries, hence a place of its own.
$(FHIR)/.ready: tests/support/fhir-server.txt
	test -x $(FHIR)/bin/python || $(PYTHON) -m venv $(FHIR)
	$(FHIR)/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

# Two processes take the test files in order, so that the long ones of integration/ and security/ come first.
test: $(VENV)/.ready $(FHIR)/.ready
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

contracts: $(VENV)/.ready
	$(BIN)/lint-imports

check: lint types contracts test

docs: $(VENV)/.ready
	$(BIN)/cds-service docs docs/reference

bench: $(VENV)/.ready
	$(BIN)/cds-service bench

clean:
	rm -rf $(VENV) .data .tools

# Only after a change of dependencies: resolve and hash them anew. Needs the registry.
bench-model: $(VENV)/.ready
	$(BIN)/cds-service bench-model

lock: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --unsafe-package torch \
		--extra dev --extra postgres --extra ray --extra redis --no-header --no-annotate --no-emit-find-links --no-emit-index-url \
		--no-emit-trusted-host --output-file requirements.lock pyproject.toml
	sed -i '/^torch==/,/[^\\]$$/d' requirements.lock

# Take the pages' styles, fonts, icons and script out of npm packages: make vendor PACKAGES=folder
# (fetched before with: npm pack @uswds/uswds@3.14.0 htmx.org@2.0.11)
vendor: $(VENV)/.ready
	$(BIN)/python -m cds_service.web.site.vendor $(PACKAGES)
