# Needs Python >= 3.11 with pip and venv, and make; everything else is installed into .venv.
PYTHON ?= python3
# What pip installs as PyTorch: a version or a build, for example TORCH="torch==2.13.0".
TORCH ?= torch>=2.6
# The pictures of the embedded backend; the package declares TensorFlow, which its data does not need.
ANIMALS := animal-mnist==0.4
# Processes of the tests and of the embedded experiment.
JOBS ?= 2
ROOMS := theory toy figures proofs_check backends
VENV := .venv
BIN := $(VENV)/bin

.PHONY: reproduce embedded embedded-train test test-slow lint types bench recover mutants clean

reproduce: $(VENV)/.base
	$(BIN)/python -m figures all --out results

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -q -n $(JOBS) --dist loadscope --durations=10

test-slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -q -n $(JOBS) --dist loadscope

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy looks for packages by folder names: it gets the rooms under their common name.
types: $(VENV)/.dev
	mkdir -p build/typed/distributional_view
	ln -sfn $(addprefix $(CURDIR)/,$(ROOMS)) $(wildcard $(CURDIR)/package/*) build/typed/distributional_view/
	MYPYPATH=build/typed $(BIN)/python -m mypy

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.table2
	$(BIN)/python -m tests.bench.samplers

recover: $(VENV)/.base
	$(BIN)/python -m toy.recover

# Explains features of the embedded backend with the trained weights that are kept here.
embedded: $(VENV)/.torch
	$(BIN)/python -m figures embedded --out results --jobs $(JOBS)

# Trains the embedded backend again: prior, classifier, transcoder (about fifteen minutes); resumes where it stopped.
embedded-train: $(VENV)/.torch
	$(BIN)/python -m backends embedded-train

# Mutation testing of theory/: changes signs, bounds and factors and counts what the tests catch (hours; resumes).
mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants

# Each stamp depends on the project file, so that a change of dependencies installs again.
$(VENV)/.base: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/.torch: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet -e ".[dino]"
	$(BIN)/python -m pip install --quiet --no-deps "$(ANIMALS)"
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.torch
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) results build *.egg-info
