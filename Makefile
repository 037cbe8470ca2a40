# Every target does its own set-up: the environment is made once and then reused.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One stamp for what ganzoo needs, one for what its developers need as well.
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: install install-dev demo test test-all check docs bench clean

install: $(READY)

install-dev: $(READY_DEV)

# $(call alive,MESSAGE,COMMAND,DONE) runs a command, and prints a line every few seconds until it ends
# or DONE succeeds. The loop also ends with this shell: jobs in the background do not get Ctrl-C.
alive = (while sleep 3 >/dev/null 2>&1 && kill -0 $$$$ 2>/dev/null && ! $(or $(3),false); do \
	echo "  ... $(1)"; done) & beat=$$!; \
	trap 'kill $$beat 2>/dev/null' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; $(2)

SIZE = $$(du -sm $(VENV) 2>/dev/null | cut -f1) MB in $(VENV)

# Downloads go below .venv, so that their size shows too, and a small /tmp does not fill up.
PIP = mkdir -p $(VENV)/tmp && TMPDIR=$(CURDIR)/$(VENV)/tmp $(BIN)/python -m pip install \
	--disable-pip-version-check --progress-bar off --editable $(1) && rm -rf $(VENV)/tmp

$(READY): pyproject.toml
	@echo "Installing ganzoo and the packages that it needs into $(VENV), once: about 5.5 GB on Linux."
	@echo "Nearly all of that is PyTorch, which brings NVIDIA's GPU libraries even where there is no GPU."
	@$(call alive,installing: $(SIZE),{ test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); } && $(call PIP,.))
	@touch $@

$(READY_DEV): $(READY)
	@echo "Adding the tools for tests, checks, docs and benchmarks: about 1 GB."
	@$(call alive,installing: $(SIZE),$(call PIP,'.[dev]'))
	@touch $@

# Trains a conditional DCGAN on real digits and names the image of its samples.
demo: install
	@run=runs/demo-$$(date +%Y%m%d-%H%M%S); echo "$(BIN)/ganzoo train examples/digits.yaml --out $$run"; \
	$(call alive,loading PyTorch and the digits,$(BIN)/ganzoo train examples/digits.yaml --out $$run,test -e $$run/config.yaml)

# One process a core, each with one thread; a file's tests share what they set up.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

# A few seeds of each sweep: 9 minutes on two cores with AVX2.
test: install-dev
	$(PYTEST) -m "not sweep"

# The full sweeps as well: kills, fuzz, long tables.
test-all: install-dev
	$(PYTEST)

# Everything that needs no training: format, lint, types, the layers of the core, the docs.
check: install-dev docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# The docs site, in site/. A broken link or a page outside the navigation is an error. (The variable
# silences a notice about MkDocs 2, which is not used here.)
docs: install-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

# Images per second beside plain rewrites of the usual loops. Takes minutes; run nothing else meanwhile.
bench: install-dev
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.loading
	$(BIN)/python -m benchmarks.caching
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.augmenting

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
