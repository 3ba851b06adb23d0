# Everything a newcomer types. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
APART := .venv/smart-fetch
NEXT := 'Ready. To see it all work: make demo' 'To work with it: . .venv/bin/activate && hub --help'

.PHONY: help setup opinions demo test check lint types rooms deep bench clean

help: ## what there is to type
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/ready ## everything needed, in .venv and nowhere else
	@$(if $(filter setup,$(MAKECMDGOALS)),printf '%s\n' $(NEXT),:)

.venv/ready: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Ihala needs Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "Setting up (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

opinions: tests/node/node_modules/.package-lock.json $(APART)/ready ## other people's FHIR software that the tests use, where it can be had

tests/node/node_modules/.package-lock.json: tests/node/package.json tests/node/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not here: the tests go without SUSHI, Medplum and fhir-kit-client."; exit 0; }; \
	echo "Setting up SUSHI, Medplum and fhir-kit-client for the tests (about 10 s the first time) …"; \
	(cd tests/node && npm ci --silent >/dev/null && touch node_modules/.package-lock.json) || echo "npm could not install them: the tests go without SUSHI, Medplum and fhir-kit-client."

# smart-fetch brings 300 MB of its own (Arrow, a client for Amazon's storage): it has an environment to itself
$(APART)/ready: tests/clients/smart-fetch.lock | setup
	@echo "Setting up smart-fetch for the tests (about 30 s the first time) …"; \
	($(BIN)/python -m venv $(APART) && $(APART)/bin/python -m pip install --quiet --disable-pip-version-check -r $< && touch $@) \
	|| echo "smart-fetch could not be installed: the tests go without it."

demo: setup ## the main job from end to end, on this machine
	@$(BIN)/hub demo ihala-demo

test: setup opinions ## the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

rooms: setup
	@$(BIN)/lint-imports

check: lint types rooms test ## style, types, who may know whom, and the tests

deep: setup opinions ## the property, fault and fuzz tests, long
	@IHALA_DEEP=1 $(BIN)/python -m pytest -n auto --dist worksteal --timeout=3600 -m "deep or not deep"

bench: setup ## speed and memory
	@$(BIN)/python -m benchmarks

clean: ## remove what setup and demo made
	rm -rf .venv tests/node/node_modules ihala-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
