# `make help` lists what can be done here.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO ?=
CONFORMANCE ?=
# Two more than there are processors: many tests wait for a server, a browser or a clock.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(len(os.sched_getaffinity(0)) + 2)')

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long conformance lint look bench clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## make the virtual environment and install what is locked

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

demo: setup ## try both journeys in a browser; DEMO="--lan" for a phone on the same network
	$(BIN)/ketdoan demo $(DEMO)

test: setup ## everything that must hold, in some minutes
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not long"

test-long: setup ## the heavy harnesses as well
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

conformance: setup ## every dialogue through every channel: the table, and docs/conformance.md
	$(BIN)/python -m tests.conformance $(CONFORMANCE)

lint: setup ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

look: setup ## pictures of the pages at the width of a cheap phone, in look/
	$(BIN)/python tests/look.py

bench: setup ## measure the turn, the door and the spool
	$(BIN)/python -m bench.turns
	$(BIN)/python -m bench.spool

clean: ## take the demo and the pictures away
	rm -rf var/demo look
