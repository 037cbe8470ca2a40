# Every target does its own set-up: the environment is made once and used again after.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: install demo test test-all check docs bench clean

install: $(READY)

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Trains a conditional DCGAN on real digits and names the image of its samples.
demo: install
	$(BIN)/python -m ganzoo train examples/digits.yaml --out runs/demo-$$(date +%Y%m%d-%H%M%S)

# One process a core, each with one thread; a file's tests share what they set up.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

# A few seeds of each sweep: under ten minutes on two cores.
test: install
	$(PYTEST) -m "not sweep"

# The full sweeps as well: kills, fuzz, long tables.
test-all: install
	$(PYTEST)

# What needs no training to be told: format, lint, types, the layers of the core, the docs.
check: install docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# The docs site, in site/; a broken link or a page outside the navigation is an error. (The variable
# spares us a notice about MkDocs 2, which nothing here uses.)
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

# Images per second beside plain re-writings of the loops that people use; runs alone for minutes.
bench: install
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.loading
	$(BIN)/python -m benchmarks.caching
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.augmenting

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
