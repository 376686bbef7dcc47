# Needs python3 (3.11 or newer) with pip, and nothing else: every target sets up what it uses.
#   make help

PYTHON ?= python3
VENV   ?= .venv
PEERS  ?= .venv-peers

RUN      := $(VENV)/bin/python
UV       := $(PYTHON) .ci/uv.py
DOCS     := $(RUN) -m sphinx -q -n -W --keep-going
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
PLUGINS  := $(patsubst %/,%,$(dir $(wildcard plugins/*/pyproject.toml)))
# What `make demo` shows; the adapters to databases and frameworks, and what they depend on, come with the tests.
SHOWN    := $(addprefix plugins/ordercore-,csv mailsupplier shopify tablecarrier)
BESIDE   := $(filter-out $(SHOWN),$(PLUGINS))
SOURCES  := src $(wildcard plugins/*/src)
TESTS    := tests $(wildcard plugins/*/tests)
# A process for each core; one that has nothing left takes over what another has not begun.
PYTEST   := $(RUN) -m pytest -n auto --dist worksteal
# What peers need and nobody offers as a wheel: built here, with what its lock pins.
BUILT    := --no-binary django-haystack
COMPILE  := $(UV) pip compile -q --universal --python-version 3.11 --only-binary :all: \
            --generate-hashes --no-annotate --no-header --no-emit-index-url \
            --no-emit-package ordercore $(patsubst plugins/%,--no-emit-package %,$(PLUGINS))

# Only the targets that work are allowed to fail; the two that say or remove something always run.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
  ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null),True)
    $(error ordercore needs Python 3.11 or newer and '$(PYTHON)' is not: install one and name it, for example: make $(MAKECMDGOALS) PYTHON=python3.12)
  endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast test-all check format docs reference bench bench-peers lock changelog setup clean

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+%?:.*## /{sub("%", "NAME", $$1); printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.demo  ## See it work: orders from sample files, stock, shipments, a report.
	@mkdir -p build
	$(RUN) -m ordercore demo

test: $(VENV)/.ok  ## Run the tests that belong to every change.
	$(PYTEST) -m "not slow" $(TESTS)

test-fast: $(VENV)/.ok  ## Run those of them that need no PostgreSQL.
	$(PYTEST) -m "not slow and not postgres" $(TESTS)

test-all: $(VENV)/.ok  ## Run all tests, the slow ones too.
	$(RUN) .ci/postgres.py --install
	$(PYTEST) $(TESTS)

check: $(VENV)/.ok  ## Lint, formatting, types, layers, documentation, change notes.
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy $(SOURCES)
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) .ci/reference.py --check
	$(DOCS) -b dummy -d build/doctrees docs build/docs-checked
	$(VENV)/bin/towncrier build --draft --version unreleased > build/changes.md

format: $(VENV)/.ok  ## Put the code into its form and mend what can be mended.
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

example-%: $(VENV)/.ok  ## Run one of examples/, such as example-fastapi-service.
	@mkdir -p build
	cd build && $(abspath $(RUN)) $(CURDIR)/examples/$*

docs: $(VENV)/.ok  ## Build the documentation: build/docs/index.html.
	$(DOCS) -E -a -d build/doctrees docs build/docs
	@echo build/docs/index.html

reference: $(VENV)/.ok  ## Write the reference pages and their pictures from the code.
	$(RUN) .ci/reference.py

bench: $(VENV)/.ok  ## Measure; writes build/bench.json.
	@mkdir -p build
	$(RUN) benchmarks/run.py

bench-peers: $(VENV)/.ok $(PEERS)/.ok  ## Measure beside django-oscar, in an environment of its own.
	@mkdir -p build
	$(RUN) benchmarks/peers/run.py --peers $(PEERS)/bin/python

lock:  ## Resolve the requirements anew, keeping pins that still fit (UPGRADE=1: the newest).
	$(COMPILE) $(if $(UPGRADE),--upgrade) --all-extras --group dev $(PROJECTS) -o requirements.lock
	cp requirements.lock requirements-demo.lock  # uv keeps the pins of the file it writes
	$(COMPILE) --extra cli --extra fast --extra http --extra report --group build pyproject.toml \
	    $(addsuffix /pyproject.toml,$(SHOWN)) -o requirements-demo.lock
	$(COMPILE) $(BUILT) $(if $(UPGRADE),--upgrade) benchmarks/peers/requirements.in -o requirements-peers.lock

setup: $(VENV)/.ok  ## Only set up $(VENV): editable installs of ordercore and its plugins.

clean:  ## Remove everything that the other targets made.
	rm -rf build .tools .venv* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find src tests plugins benchmarks examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# Two layers in one environment: what the demo needs, and on top of it what development needs.
# requirements-demo.lock is a part of requirements.lock, pin by pin.
$(VENV)/.demo: requirements-demo.lock $(PROJECTS)
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@$(UV) pip install -q --python $(RUN) --only-binary :all: --require-hashes -r requirements-demo.lock
	@$(UV) pip install -q --python $(RUN) --no-deps --no-build-isolation $(patsubst %,-e %,. $(SHOWN))
	@touch $@

$(VENV)/.ok: requirements.lock $(VENV)/.demo
	@$(UV) pip install -q --python $(RUN) --only-binary :all: --require-hashes -r requirements.lock
	@$(UV) pip install -q --python $(RUN) --no-deps --no-build-isolation $(patsubst %,-e %,$(BESIDE))
	@mkdir -p build
	@touch $@

$(PEERS)/.ok: requirements-peers.lock
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(PEERS)
	@$(UV) pip install -q --python $(PEERS)/bin/python --only-binary :all: $(BUILT) --build-constraints $< \
	    --require-hashes -r $<
	@touch $@
