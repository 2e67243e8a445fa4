# make run    set up, load the bundled records, serve      (PORT=8000, DATA_DIR=data)
# make test   set up, pass all tests
# make test-clients  install SPARQL clients from Debian, PyPI and npm, and ask with each
# make check  formatting, lint, types
# make messages  put new words of pages into the catalogues in endpoint/locales, to be translated there
# make bench  the benchmarks, as ratios

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= data
export PORT DATA_DIR

BIN := .venv/bin
READY := .venv/ready
FRONTEND := $(shell find frontend -name node_modules -prune -o -type f -print)

.PHONY: run test test-clients check messages bench

$(READY): pyproject.toml constraints.txt $(FRONTEND)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

run: $(READY)
	$(BIN)/clearinghouse load --sample --strict
	$(BIN)/clearinghouse serve

test: check
	sh tests/install-engines.sh
	sh tests/browser/install.sh
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term

test-clients: $(READY)
	sh tests/clients/install.sh
	$(BIN)/python -m pytest tests/clients

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Sorted and without places, so that a difference shows words only.
messages: $(READY)
	$(BIN)/pybabel --quiet extract --mapping pyproject.toml --keywords N_ --no-location --sort-output --no-wrap --output .venv/messages.pot endpoint
	$(BIN)/pybabel --quiet update --input-file .venv/messages.pot --output-dir endpoint/locales --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap

bench: $(READY)
	$(BIN)/python benchmarks/validation.py
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/thesaurus_check.py
	$(BIN)/python benchmarks/autocomplete.py
	$(BIN)/python benchmarks/tagging.py
