# make demo | test | test-all | check | docs | bench | clean; each sets up .venv first, and only when its ingredients have changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs
# a place of its own, so that a demo neither uses nor fills the user's cache
DEMO := quests/demo

.PHONY: demo test test-all check format docs bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo      a small loss quest on the embedded pictures: table and report, in minutes"
	@echo "make test      every fast test"
	@echo "make test-all  slow tests too"
	@echo "make check     lint, format, types, layers, dependencies"
	@echo "make docs      the documentation site: build/docs/site/index.html"
	@echo "make bench     time of our training loop against a plain one, of the metrics beside others, of 27 losses over one, of the classical models"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'salquest needs Python 3.11 or newer; this is ' + sys.version.split()[0] + '; say make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[train,tune,export,demo,attribution,parquet,dev]"
	@touch $@

demo: $(STAMP)
	$(BIN)/salquest quest demo --out $(DEMO) --cache $(DEMO)/features

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -q

test-all: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -q -m "slow or not slow"

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@touch $@

docs: $(DOCS_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python tools/build_docs.py

bench: $(STAMP)
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/quest.py
	$(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/classical.py

clean:
	rm -rf $(VENV) quests dist build
