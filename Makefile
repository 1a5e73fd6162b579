# Two commands on a fresh machine: `make demo` and `make test`. Python 3.11+ with venv, and make, are all they need.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test tools check check-deep bench bench-suggestions bench-matching bench-reports bench-webhooks chromium clean

demo: .venv/run.stamp
	$(BIN)/request-tracker demo --port $(PORT)

test: .venv/test.stamp .venv/trial.stamp chromium
	$(BIN)/pytest -q -n 2 -m "not deep"

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/request-tracker process --check

# MARKS="deep and not swept" leaves out the PostgreSQL copies of walks through pages
MARKS ?= deep

check-deep: .venv/test.stamp .venv/trial.stamp chromium tools
	$(BIN)/pytest -q -n 2 -m "$(MARKS)"

bench: .venv/test.stamp
	$(BIN)/python -m tests.benchmarks.pages

# How long looking for duplicates takes, on both databases: make bench-suggestions ENTRIES="2000 100000 1000000"
ENTRIES ?= 2000 100000

bench-suggestions: .venv/test.stamp
	$(BIN)/python -m tests.benchmarks.suggestions --entries $(ENTRIES)

# How long the weekly report takes against the bare statement, on both databases: make bench-reports CASES=100000
CASES ?= 100000

bench-reports: .venv/test.stamp
	$(BIN)/python -m tests.benchmarks.reports --cases $(CASES)

# How fast deliveries from Fivetran are taken in, on both databases
bench-webhooks: .venv/test.stamp
	$(BIN)/python -m tests.benchmarks.webhooks

# Trains the coefficients of seed_data/matching.json and prints what they are worth: make bench-matching DATA=folder
DATA ?= ../shared/data/matching

bench-matching: .venv/bench.stamp
	$(BIN)/python -m tests.benchmarks.matching --data $(DATA) --write

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/test.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[postgres,test]'
	touch $@ .venv/run.stamp

# What trial syncs run in: the vendor's SDK and DuckDB, in an environment of their own beside ours.
.venv/trial.stamp: .venv/test.stamp request_tracker/apidocs/trials/trial-requirements.txt
	$(BIN)/request-tracker trial --setup
	touch $@

.venv/bench.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[bench]'
	touch $@

# The vendor's own client tools, in an environment of their own: the emulator must satisfy them; and its sample source.
TOOLS := fivetran-cli==1.1.0 fivetran-connector-sdk==2.13.1 fivetran-api-playground==1.1.9

tools: .venv-tools/run.stamp

.venv-tools/run.stamp: tests/emulator/tools-constraints.txt
	$(PYTHON) -m venv --clear .venv-tools
	.venv-tools/bin/pip install --quiet --disable-pip-version-check --constraint $< $(TOOLS)
	touch $@

# The browser tests need Chromium: named by CHROMIUM, found on the PATH, or installed where apt and the user allow it.
chromium:
	@if [ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else echo "Chromium not found: browser tests will be skipped. Set CHROMIUM to its path to run them."; fi

clean:
	rm -rf .venv .venv-tools .venv-trial build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis var
