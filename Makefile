# make run, make test: all set-up alone, on a fresh Debian 12 with Python 3.11.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing Hotline into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: $(READY) ## start the hotline; ends with a call and a text to try
	@$(BIN)/hotline check >/dev/null || $(BIN)/hotline check
	@exec $(BIN)/hotline serve

check: $(READY) ## lint, types, the shipped site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hotline check

peers: ## the real peers of the tests: Asterisk, SIPp, Kannel, an SMSC
	@tests/peers/setup

test: $(READY) ## all tests, against the real Asterisk and Kannel
	@tests/peers/setup || [ -z "$$CI" ]
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

soak: $(READY) ## the long tests, not in CI
	$(BIN)/pytest -m soak -p no:cacheprovider --timeout 7200

bench: $(READY) ## figures of speed
	$(BIN)/python bench/engine.py
	$(BIN)/python bench/match.py
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/tune.py
	$(BIN)/python bench/agi.py --keys "1 9 9"
	$(BIN)/python bench/agi.py --rate 1000
	$(BIN)/python -m bench.sms
	$(BIN)/python -m bench.smpp

docs: $(READY) ## check that every command in the docs works
	$(BIN)/pytest -q tests/test_docs.py

.PHONY: help run check peers test soak bench docs
.DEFAULT_GOAL := help
