# Every target sets up .venv by itself: Python >= 3.11, a C compiler and make suffice.
PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
SOURCES = setup.py pyproject.toml $(wildcard replicas/*.pyx replicas/*.pxd)

.PHONY: figures test test-full test-debug bench lint dist clean

figures: $(VENV)/.built
	$(BIN)/python -m figures make --all --out gallery --jobs 2

test: $(VENV)/.built $(VENV)/.test
	$(BIN)/python -m pytest -q

test-full: $(VENV)/.built $(VENV)/.test
	$(BIN)/python -m pytest -q -m "full or not full"

bench: $(VENV)/.built
	$(BIN)/python -m benchmarks

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(BIN):$$PATH" $(BIN)/cython-lint replicas

dist: $(VENV)/.built
	$(BIN)/pip install -q build
	$(BIN)/python -m build

# Bounds checks on; sanitizers as well where the compiler links them.
test-debug:
	$(PYTHON) -m venv .venv-debug
	.venv-debug/bin/pip install -q "setuptools>=77" "cython>=3.1" "scipy>=1.15"
	sh benchmarks/../.ci/debug .venv-debug/bin

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q "setuptools>=77" "cython>=3.1" "scipy>=1.15"

$(VENV)/.built: $(VENV)/bin/python $(SOURCES)
	$(BIN)/pip install -q --no-build-isolation -e .
	touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q "pytest>=8" "hypothesis>=6.100"
	touch $@

$(VENV)/.lint: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q "ruff>=0.9" "cython-lint>=0.16"
	touch $@

clean:
	rm -rf build dist gallery .venv .venv-debug *.egg-info
	find . -name '*.so' -not -path './.venv*' -delete
