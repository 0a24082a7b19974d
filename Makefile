# Livedo: everything a person or a machine does here is one of these. `make` alone lists them.
# Needs only make, Python 3.11 or newer with venv, and a package index.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first of these that is new enough; or say which: make run PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV_STAMP := $(VENV)/.uv-$(UV_VERSION)
UV := env -u VIRTUAL_ENV UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv
# --inexact: a group once installed stays, so `make test` and `make check` do not undo each other.
SYNC := $(UV) sync --frozen --inexact --python $(BIN)/python

EXAMPLE := Ira_Gerhold.bundle.json.gz
PLANS := usual_care more_binder low_dialysate_calcium short_daily

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

run: $(VENV)/.installed ## one dialysis patient under four plans, and its report
	$(BIN)/livedo run --chart examples/records/$(EXAMPLE) \
		$(foreach plan,$(PLANS),--plan examples/plans/$(plan).yaml) \
		--years 1 --members 64 --seed 1 --out out/first_run

test: $(VENV)/.installed-test ## every test that needs no browser
	$(BIN)/python -m pytest $(ARGS)

check: check-style check-types check-layers ## style, types and layers (-k: all three, whatever fails)

check-style: $(VENV)/.installed-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-types: $(VENV)/.installed-lint
	$(BIN)/basedpyright

check-layers: $(VENV)/.installed-lint
	$(BIN)/lint-imports

format: $(VENV)/.installed-lint ## put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed-docs ## the documentation, as pages in out/docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs out/docs

evidence: $(VENV)/.installed ## published figures against simulation: out/evidence.html (ONLY=pattern, SUITE=name, QUICK=1 narrow it)
	@mkdir -p out
	$(BIN)/livedo evidence $(if $(ONLY),--only '$(ONLY)') $(if $(SUITE),--suite $(SUITE)) $(if $(QUICK),--quick) \
		--json out/evidence.json --html out/evidence.html

bench: $(VENV)/.installed-bench ## Livedo and its peers on the same work (TASK=name, QUICK=1 narrow it; needs g++, gfortran, cmake)
	$(BIN)/python -m benchmarks $(if $(TASK),--task $(TASK)) $(if $(QUICK),--quick)

lock: $(UV_STAMP) ## resolve the dependencies anew into uv.lock, from the public index
	env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
		$(UV) lock --no-config $(ARGS)

install: $(VENV)/.installed ## Livedo alone, in .venv

install-all: $(VENV)/.installed-test $(VENV)/.installed-lint ## with what `make test` and `make check` need

clean: ## take away what was made, the environment too
	rm -rf $(VENV) out .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Stamps: made once, and again when the project's dependencies change.

$(UV_STAMP):
	@test -n "$(PYTHON)" || { echo "Livedo needs Python 3.11 or newer with its venv module (on Debian: python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.installed: $(UV_STAMP) pyproject.toml uv.lock
	$(SYNC) --quiet
	@touch $@

$(VENV)/.installed-%: $(UV_STAMP) pyproject.toml uv.lock
	$(SYNC) --quiet --group $*
	@touch $@ $(VENV)/.installed

which-python:
	@echo $(PYTHON)

.PHONY: help run test check check-style check-types check-layers format docs evidence bench lock install install-all clean which-python
