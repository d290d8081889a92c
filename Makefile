# One word for each job, the same here and in CI. `make help` lists them.
.DEFAULT_GOAL := help
# Types first: they take longest.
LINTS := lint-types lint-secrets lint-templates lint-style lint-layers lint-migrations lint-deployment lint-translations lint-house
.PHONY: help install run test lint format lock translations chaos bench $(LINTS)
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check -qq install --require-hashes
# PYTHON=/path/to/python3.12 make run   chooses the interpreter of a new .venv.
PYTHON ?=
ARGS ?=
# Asked by make itself: what a program in the recipe says, make would follow with an "Error 1" of its own.
IN_THE_WAY = $(shell PORT='$(PORT)' SANDBOX_PORT='$(SANDBOX_PORT)' $(PY) -m ilytat.devserver.ports)
JOBS ?= 2
# All tests are shared out among processes (tests/spread.py); some are not worth starting them for.
SPREAD ?= $(if $(ARGS),,-n auto --dist loadgroup --no-loadscope-reorder)

help: ## What there is to say
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.dev ## Make .venv with everything that tests and linters need

run: $(VENV)/.sandbox ## Open the shop with its sandbox: http://127.0.0.1:8000 (PORT, SANDBOX_PORT)
	@$(if $(IN_THE_WAY),$(error $(IN_THE_WAY)))exec $(PY) -m ilytat.devserver

test: $(VENV)/.dev ## Run all tests (ARGS="tests/orders -k cart" for some)
	@$(PY) -m pytest $(SPREAD) $(ARGS)

lint: $(VENV)/.dev ## Check style, types, layers, templates, migrations, deployment and secrets
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target $(LINTS)

lint-types:
	$(BIN)/mypy
lint-style:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
lint-layers:
	$(BIN)/lint-imports --no-logo
lint-templates:
	$(BIN)/djlint --quiet --lint templates sandbox/templates
lint-migrations:
	DATABASE_URL=sqlite://:memory: $(PY) manage.py makemigrations --check --dry-run -v0
lint-deployment:
	ENV_FILE=tests/production.env $(PY) manage.py check --deploy --fail-level WARNING
lint-translations:
	@DATABASE_URL=sqlite://:memory: $(PY) manage.py translations --check
lint-secrets:
	git ls-files -z -- ':!tests' | xargs -0 $(BIN)/detect-secrets-hook
	git ls-files -z tests | xargs -0 $(BIN)/detect-secrets-hook --disable-plugin KeywordDetector --disable-plugin HexHighEntropyString
lint-house:
	$(PY) -m pytest -q tests/ilytat/test_house.py

format: $(VENV)/.dev ## Write the code the way the linter wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(VENV)/.dev ## Pin what requirements/*.in ask for, with hashes (UPGRADE=1: to the newest)
	cd requirements && for name in runtime sandbox dev; do \
	  ../$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras \
	    --no-emit-find-links --no-emit-index-url --no-emit-trusted-host \
	    $(if $(UPGRADE),--upgrade) --output-file=$$name.txt $$name.in || exit 1; done

translations: $(VENV)/.dev ## Collect new sentences into locale/ and compile what is translated there
	@DATABASE_URL=sqlite://:memory: $(PY) manage.py translations

chaos: $(VENV)/.dev ## Kill processes and cut answers at every step: all stories, with servers of their own
	@$(PY) -m tests.chaos $(ARGS)

bench: $(VENV)/.dev ## Measure synchronisation, search and pages (ARGS=sync for one of them)
	@$(PY) -m bench $(ARGS)

# --- .venv: the stamps are newer than the locks they were made from, so a second run does nothing ------

$(VENV)/.dev: requirements/dev.txt | $(PY)
	@echo "Installing what tests and linters need"
	@mkdir -p var && $(PIP) -r $< && touch $(VENV)/.sandbox $@

$(VENV)/.sandbox: requirements/runtime.txt requirements/sandbox.txt | $(PY)
	@echo "Installing what the shop and its sandbox need"
	@mkdir -p var && $(PIP) -r requirements/runtime.txt && $(PIP) -r requirements/sandbox.txt && touch $@

$(PY):
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv $(VENV) && exit 0; \
	  rm -rf $(VENV); \
	  echo "Python's venv module is incomplete: on Debian, install python3-venv." >&2; exit 1; \
	done; \
	echo "Python 3.11 or newer is needed, and $(or $(PYTHON),python3) is older or missing." >&2; exit 1
