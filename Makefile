# Every target sets up .venv by itself: Python >= 3.11, a C compiler and make suffice.
PYTHON ?= python3
CC ?= cc
BIN = .venv/bin
DEBUG = .venv-debug/bin
TOOLS = "setuptools>=77" "cython>=3.1" "scipy>=1.15"
TEST = "pytest>=8" "hypothesis>=6.100"
CLUSTER = "dask[distributed]>=2024.8" "mpi4py>=4" "mpich>=4.3"
SOURCES = $(foreach d,replicas msgpass learners,$(wildcard $d/*.pyx $d/*.pxd $d/*.h))

# One pip at a time in a venv; the compiler runs two jobs by itself.
.NOTPARALLEL:
.PHONY: figures test test-full test-debug bench lint dist clean

figures: .venv/.built .venv/.images
	$(BIN)/python -m figures make --all --out gallery --jobs 2

test: .venv/.built .venv/.test .venv/.images
	$(BIN)/python -m pytest -q

test-full: .venv/.built .venv/.test .venv/.images .venv/.cluster
	$(BIN)/python -m pytest -q -m "full or not full"

bench: .venv/.built .venv/.test
	$(BIN)/python -m benchmarks

lint: .venv/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(BIN):$$PATH" cython-lint replicas msgpass learners

dist: .venv/.tools
	$(BIN)/pip install -q build
	rm -rf dist
	$(BIN)/python -m build

# Bounds checks on, sanitizers as well where the compiler and Python take them. pytest
# itself, not python -m pytest, so that the installed modules are tested, not the tree's;
# libstdc++ is there for the C++ of other packages, --capture=sys shows what ASan says.
test-debug: .venv-debug/.tools
	@$(DEBUG)/pip uninstall -q -y wideflat 2>/dev/null; \
	rm -rf build/*/lib*; \
	export ASAN_OPTIONS=detect_leaks=0; \
	preload="`$(CC) -print-file-name=libasan.so` `$(CC) -print-file-name=libstdc++.so.6`"; \
	if echo 'int main(void) { return 0; }' \
	    | $(CC) -fsanitize=address,undefined -x c -o .venv-debug/probe - 2>/dev/null \
	    && LD_PRELOAD=$$preload $(DEBUG)/python -c \
	    "assert 'libasan' in open('/proc/self/maps').read()" 2>/dev/null; then \
	    echo "test-debug: bounds checks, address and undefined-behaviour sanitizers"; \
	    sanitize=1; \
	else \
	    echo "test-debug: bounds checks only, sanitizers cannot be loaded here"; \
	    sanitize=0; preload=; \
	fi; \
	WIDEFLAT_DEBUG=1 WIDEFLAT_SANITIZE=$$sanitize \
	    $(DEBUG)/pip install -q --no-build-isolation . $(TEST) && \
	LD_PRELOAD=$$preload $(DEBUG)/pytest -q -p no:cacheprovider --capture=sys

%/.tools: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python >= 3.11 is needed: make PYTHON=...')"
	$(PYTHON) -m venv $*
	$*/bin/pip install -q $(TOOLS)
	rm -f $*/.built
	touch $@

# The first build installs; later ones compile only what changed.
.venv/.built: .venv/.tools setup.py $(SOURCES)
	if [ -e $@ ]; then $(BIN)/python setup.py -q build_ext --inplace; \
	else $(BIN)/pip install -q --no-build-isolation -e .; fi
	touch $@

.venv/.test: .venv/.tools Makefile
	$(BIN)/pip install -q $(TEST)
	touch $@

.venv/.images: .venv/.tools Makefile
	$(BIN)/pip install -q "scikit-learn>=1.5"
	touch $@

.venv/.cluster: .venv/.tools Makefile
	$(BIN)/pip install -q $(CLUSTER)
	touch $@

.venv/.lint: .venv/.tools
	$(BIN)/pip install -q "ruff>=0.9" "cython-lint>=0.16"
	touch $@

clean:
	rm -rf build dist gallery .venv .venv-debug *.egg-info
	find . -name '*.so' -not -path './.venv*' -delete
