# Every target does its own set-up: the environment is made once and used again after.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: install demo test test-all check bench clean

install: $(READY)

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Trains a conditional DCGAN on real digits and names the picture of its samples.
demo: install
	$(BIN)/python -m ganzoo train examples/digits.yaml --out runs/demo-$$(date +%Y%m%d-%H%M%S)

# A few seeds of each sweep: under ten minutes on two cores.
test: install
	$(BIN)/python -m pytest -m "not sweep"

# The full sweeps as well: kills, fuzz, long tables.
test-all: install
	$(BIN)/python -m pytest

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Pictures per second beside plain re-writings of the loops that people use; runs alone for minutes.
bench: install
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.scaling

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
