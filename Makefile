# Needs Python >= 3.11 with pip and venv, and make; everything else is installed into .venv.
PYTHON ?= python3
# What pip installs as PyTorch: a version or a build, for example TORCH="torch==2.13.0".
TORCH ?= torch>=2.6
# Exact versions of everything else, as tested; CONSTRAINTS= (empty) takes the newest ones.
CONSTRAINTS ?= constraints.txt
# The pictures of the embedded backend; the package declares TensorFlow, which its data does not need.
ANIMALS := animal-mnist==0.4
# Left out of the exact versions: what has a variable of its own, and what comes with one build of PyTorch.
NOT_CONSTRAINED := '^(pip|torch|animal_mnist|triton|nvidia.*|cuda.*)=='
# Processes of the tests and of the embedded experiment.
JOBS ?= 2
ROOMS := theory toy figures proofs_check backends
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet $(addprefix -c ,$(CONSTRAINTS))

# AGAIN=--again attacks every check, changed or not.
AGAIN ?=

.PHONY: reproduce embedded embedded-train test test-slow test-weights lab test-lab site test-site wheel-test lint types bench recover attack mutants constraints formal clean

reproduce: $(VENV)/.base
	$(BIN)/dview all --out results

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not browser and not weights" -q -n $(JOBS) --dist loadscope --durations=10

test-slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -q -n $(JOBS) --dist loadscope

# Known answers of real weights, where you have them: give some of
#   make test-weights DINOV3=FILE ADM=FILE TRANSCODER=FOLDER PRIOR=FOLDER IMAGES=FOLDER CATS=FILE LABEL=... DEVICE=cuda
# What lacks a path is skipped, with the reason; the last line says how many ran.
GIVEN = $(strip $(DINOV3)$(ADM)$(TRANSCODER)$(PRIOR))
WEIGHTS = DINOV3="$(DINOV3)" ADM="$(ADM)" TRANSCODER="$(TRANSCODER)" PRIOR="$(PRIOR)" IMAGES="$(IMAGES)" CATS="$(CATS)" LABEL="$(LABEL)" DEVICE="$(DEVICE)"

test-weights: $(VENV)/.dev
	@test -n '$(GIVEN)' || { echo "give at least one of DINOV3=, ADM=, TRANSCODER=, PRIOR= (and IMAGES=): nothing would run" >&2; exit 1; }
	$(WEIGHTS) $(BIN)/python -m pytest -m weights -q -rs -s tests/test_weights.py

# Says what is missing, and how to get it, before something fails in its own words.
NEED_NODE = command -v node npm >/dev/null || { echo "needs node (20 or newer) with npm: on Debian, apt-get install nodejs npm" >&2; exit 1; }
NEED_BROWSER = command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	echo "needs chromium and chromedriver: on Debian, apt-get install chromium chromium-driver" >&2; exit 1; }

# The lab's page, figures/lab/lab.html, of its sources: needs node. The page is kept in the repository.
lab: figures/lab/node_modules/.package-lock.json
	cd figures/lab && node build.mjs

# The lab's numbers against theory, the built page against its sources, and the page in a browser; the raters' page too.
test-lab: $(VENV)/.dev figures/lab/node_modules/.package-lock.json
	@$(NEED_BROWSER)
	node --test tests/lab/
	cd figures/lab && node build.mjs --check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser -q tests/browser/test_lab*.py tests/browser/test_study.py tests/browser/test_atlas.py

# The documentation as pages that open from files: needs node with npm. Strict: what is broken fails.
site: $(VENV)/.dev docs/node_modules/.package-lock.json
	$(BIN)/dview site --out build/site-source
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/dview site --check site

# What a reader does with the built pages, in Chromium (needs it and chromedriver).
test-site: site
	@$(NEED_BROWSER)
	$(BIN)/python -m pytest -m browser -q tests/browser/test_site.py

# Builds the wheel of a clean clone, installs it with its dependencies in an empty environment, and uses it.
wheel-test:
	$(PYTHON) tests/wheel_smoke.py $(addprefix --constraints ,$(CONSTRAINTS))

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy looks for packages by folder names: it gets the rooms under their common name.
types: $(VENV)/.dev
	rm -rf build/typed && mkdir -p build/typed/distributional_view
	ln -sfn $(addprefix $(CURDIR)/,$(ROOMS)) $(wildcard $(CURDIR)/package/*) build/typed/distributional_view/
	MYPYPATH=build/typed $(BIN)/python -m mypy

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.table2
	$(BIN)/python -m tests.bench.samplers
	$(BIN)/python -m tests.bench.scan
	$(BIN)/python -m tests.bench.quality
	$(BIN)/python -m tests.bench.adm
	@if command -v chromium chromedriver >/dev/null; then $(BIN)/python -m tests.bench.lab; else echo "the lab's bench needs chromium and chromedriver"; fi

recover: $(VENV)/.base
	$(BIN)/dview recover

# Explains features of the embedded backend with the trained weights that are kept here.
embedded: $(VENV)/.torch
	$(BIN)/dview embedded --out results --jobs $(JOBS)

# Trains the embedded backend again: draft, classifier, transcoder, prior (about an hour); resumes where it stopped.
embedded-train: $(VENV)/.torch
	$(BIN)/dview embedded-train

# Makes wrong what each check asks or claims, for the checks that changed since (all of them: an hour; resumes).
attack: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/dview check --attack --write --slow $(AGAIN) --markdown README.md

# The proofs that Coq's kernel checks: needs Coq with Coquelicot (a minute; only what changed is compiled).
NEED_COQ = command -v coqc >/dev/null || { echo "needs Coq with Coquelicot: on Debian, apt-get install coq libcoq-coquelicot" >&2; exit 1; }

formal: $(VENV)/.dev
	@$(NEED_COQ)
	$(BIN)/dview check --rung formal

# Mutation testing of theory/: changes signs, bounds and factors and counts what the tests catch (hours; resumes).
mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants

# Writes the versions in .venv to constraints.txt.
constraints: $(VENV)/.dev
	sed -i '/^[^#]/d' constraints.txt
	$(BIN)/python -m pip freeze --all --exclude-editable | grep -Ev $(NOT_CONSTRAINED) >> constraints.txt

# The packages of the site (docs) and of the lab (figures/lab), as their lock files have them.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@$(NEED_NODE)
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# Each stamp depends on the project file and the versions, so that a change of either installs again.
$(VENV)/.base: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	touch $@

$(VENV)/.torch: pyproject.toml $(VENV)/.base
	$(INSTALL) "$(TORCH)"
	$(INSTALL) -e ".[dino,priors]"
	$(INSTALL) --no-deps "$(ANIMALS)"
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.torch
	$(INSTALL) -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) results build site docs/node_modules figures/lab/node_modules *.egg-info
