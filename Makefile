# Sets up an environment in this checkout with pip and venv, and runs the demo, the tests and every check in it.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
# The demo writes $(DEMO)-campaign and $(DEMO)-export. Tuning on it writes $(DEMO)-base and a folder for each snapshot, so
# that tuning on a demo that has grown leaves earlier models alone.
DEMO ?= demo
# Where the demo runs: local, on a Ray of its own, or inline, in one process without Ray.
ADDRESS ?= local
TUNING = $(DEMO)-tuning/$(shell ls $(DEMO)-export/.snapshots | tail -n 1)
# The releases are made again in folders $(RELEASE)-...; a target that was stopped goes on where it was.
RELEASE ?= release
# Tests start their own local Ray and wait for it, so three at a time for two cores; the tests of a file share a process.
PYTEST_WORKERS ?= 3
PYTEST_ARGS ?=

# Where no bytecode may be kept, each of the many processes of the tests compiles all that it loads: thrice the time.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.installed-base
TUNE := $(VENV)/.installed-tune
FULL := $(VENV)/.installed-full

.PHONY: help install demo tune-demo test test-slow lint format types imports docs docs-tables results \
	release-set release-model bench check clean

help:  ## print these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  Variables: PYTHON=$(PYTHON)  DEMO=$(DEMO)  ADDRESS=$(ADDRESS)  PYTEST_WORKERS=$(PYTEST_WORKERS)  PYTEST_ARGS='

install: $(FULL)  ## install everything that the other targets need; each installs what it needs by itself

demo: $(BASE)  ## run a small campaign on a local Ray and export its instruction set
	$(BIN)/llamoco-data run $(DEMO)-campaign --recipe demo --address $(ADDRESS)
	$(BIN)/llamoco-data export $(DEMO)-campaign $(DEMO)-export

tune-demo: $(TUNE) demo  ## tune a random model of two layers on the demo's set, and score what it writes
	@echo "tuning on snapshot $(notdir $(TUNING)) of $(DEMO)-export, in $(TUNING)"
	$(BIN)/llamoco-tune base tiny --out $(DEMO)-base
	$(BIN)/llamoco-tune contrast --data $(DEMO)-export --base $(DEMO)-base --out $(TUNING)/warm --recipe tiny
	$(BIN)/llamoco-tune teach --data $(DEMO)-export --base $(TUNING)/warm --out $(TUNING)/tuned --recipe tiny
	$(BIN)/llamoco-tune generate --data $(DEMO)-export --split test --model $(TUNING)/tuned \
		--out $(TUNING)/programs.parquet --max-new-tokens 600
	$(BIN)/llamoco-data score $(TUNING)/programs.parquet --data $(DEMO)-export --out $(TUNING)/scores

# Files are taken in the order of their folders, so that the long ones, of chaos, come first and the short ones, of units,
# last; pytest-xdist would put those with many tests first.
# If a worker process dies, the tests end: with --dist loadfile, pytest-xdist 3.8 would wait forever for its replacement.
PYTEST := $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test: $(FULL)  ## run the tests, but for the slow ones
	$(PYTEST) -m 'not slow' $(PYTEST_ARGS)

test-slow: $(FULL)  ## run the tests that take half a minute or more each
	$(PYTEST) -m slow $(PYTEST_ARGS)

lint: $(FULL)  ## check the code's style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(FULL)  ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(FULL)  ## check the types
	$(BIN)/basedpyright

imports: $(FULL)  ## check that imports point one way
	$(BIN)/lint-imports --no-logo --no-cache

docs: $(FULL)  ## build the documentation into site/, and fail on a broken link
	$(BIN)/zensical build --strict --clean

docs-tables: $(FULL)  ## write the generated tables into the pages: catalogues, columns, commands
	$(BIN)/python docs/tables.py

results: $(FULL)  ## write the page of results from the scores in docs/results, and the pictures
	$(BIN)/python docs/results.py
	$(BIN)/python docs/figures.py

release-set: $(FULL)  ## make the released instruction set again: hours of two cores
	test -e $(RELEASE)-campaign || $(BIN)/llamoco-data run $(RELEASE)-campaign --recipe standard --problems 4000
	$(BIN)/llamoco-data add $(RELEASE)-campaign --suite all --budgets small
	$(BIN)/llamoco-data run $(RELEASE)-campaign
	$(BIN)/llamoco-data export $(RELEASE)-campaign $(RELEASE)-export
	test -e $(RELEASE)-real || \
		$(BIN)/llamoco-data add $(RELEASE)-real --recipe standard --suite all --budgets all
	$(BIN)/llamoco-data run $(RELEASE)-real
	$(BIN)/llamoco-data extend $(RELEASE)-export --real $(RELEASE)-real
	rm -rf docs/releases/standard && mkdir docs/releases/standard
	cp -r $(RELEASE)-export/data $(RELEASE)-export/README.md $(RELEASE)-campaign/campaign.json docs/releases/standard
	cd docs/releases/standard && find * -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS

release-model: $(FULL)  ## make a model like that of the package from the released set: an hour and a half of two cores
	test -e $(RELEASE)-set || cp -r docs/releases/standard $(RELEASE)-set
	$(BIN)/llamoco-data extend $(RELEASE)-set --problems 12000
	test -e $(RELEASE)-base || $(BIN)/llamoco-tune base compact --data $(RELEASE)-set --out $(RELEASE)-base
	$(BIN)/llamoco-tune teach --data $(RELEASE)-set --base $(RELEASE)-base --out $(RELEASE)-first --recipe compact
	$(BIN)/llamoco-tune teach --data $(RELEASE)-set --base $(RELEASE)-first --out $(RELEASE)-second --recipe compact-styles --seed 10
	rm -rf llamoco_tune/ready && $(BIN)/llamoco-tune pack $(RELEASE)-second --out llamoco_tune/ready
	$(BIN)/python -m tests.benchmarks.ready
	$(BIN)/llamoco-tune calibrate ready --data docs/releases/standard --replace
	$(BIN)/python docs/examples.py

bench: $(FULL)  ## time the evaluator against other suites, and the optimizers against other libraries
	$(BIN)/python tests/benchmarks/evaluator.py
	$(BIN)/python tests/benchmarks/portfolio.py

check: lint types imports docs test  ## run every check that CI runs

clean:  ## remove the environment, caches and built pages, but no campaign and no export
	rm -rf $(VENV) site .cache .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find llamoco_data tests -name __pycache__ -type d -prune -exec rm -rf {} +

# An install is made again only when these files change; a stamp marks it as done. Bytecode is made of what is imported,
# and not of all files of all packages, which would take a minute.
$(BASE): pyproject.toml constraints.txt
	$(call install,.)
	@touch $@

$(TUNE): pyproject.toml constraints.txt
	$(call install,.[tune])
	@touch $(BASE) $@

$(FULL): pyproject.toml constraints.txt
	$(call install,.[dev$(comma)docs$(comma)bench])
	@touch $(BASE) $(TUNE) $@

comma := ,

define install
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(call require_3_11,$(PYTHON)) && $(PYTHON) -m venv $(VENV); }
	@$(call require_3_11,$(BIN)/python)
	@echo "Installing into $(VENV) (the first time takes a few minutes) ..."
	@set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check --no-compile --constraint constraints.txt \
		--editable '$(1)' | awk '/^Collecting/ { print "  " $$2; fflush() } /^Installing collected/ { print "  unpacking ..."; fflush() }'
endef

require_3_11 = $(1) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "LLaMoCo needs Python 3.11 or newer, which $(1) is not:" \
	"run 'make clean', then make again with PYTHON=/path/to/python3.11" >&2; exit 1; }
