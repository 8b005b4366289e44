# Needs Python >= 3.11 with pip and venv, and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: reproduce test test-slow lint types bench recover clean

reproduce: $(VENV)/.base
	$(BIN)/python -m figures all --out results

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not slow" -q

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow -q

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.table2
	$(BIN)/python -m tests.bench.samplers

recover: $(VENV)/.base
	$(BIN)/python -m toy.recover

# Each stamp depends on the project file, so that a change of dependencies installs again.
$(VENV)/.base: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) results build *.egg-info
