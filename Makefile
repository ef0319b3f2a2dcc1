# `make` alone prints this help. No target needs more than make and a Python ≥ 3.11; package mirrors: see README.md.

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check format bench eval lexicon-check lock wheel clean

# The first of these that runs and is new enough (a version manager's shim may exist and still not run).
# .venv's own comes first, since it is the quickest to ask. PYTHON=/path/to/python overrides the search.
FIND = for p in .venv/bin/python python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done
PYTHON ?= $(shell $(FIND))
BOOTSTRAP = $(if $(PYTHON),,$(error No Python >= 3.11 found; install one or say: make PYTHON=/path/to/python3.11))"$(PYTHON)" tools/bootstrap.py
BIN := .venv/bin

# Extra arguments for pytest: make test ARGS="tests/dialogs -x"
ARGS ?=

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv and install what `run` needs
	@$(BOOTSTRAP) run

run: setup ## serve on http://127.0.0.1:8080 (YISHITING_PORT changes the port)
	@exec $(BIN)/yishiting run

setup-dev:
	@$(BOOTSTRAP) dev

test: ## install what the tests need, the browser too, and run them all
	@$(BOOTSTRAP) test
	@$(BIN)/python -m pytest $(ARGS)

check: setup-dev ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict bot handlers models config tests tools

format: setup-dev ## put the source in ruff's format and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev ## measure, print a table and write bench/results.json
	@$(BIN)/python -m tests.bench $(ARGS)

eval: setup-dev ## how well the language part reads the labelled messages
	@$(BIN)/yishiting-eval $(ARGS)

lexicon-check: setup-dev ## validate config/lexicon
	@$(BIN)/yishiting lexicon-check $(ARGS)

lock: setup-dev ## resolve the dependencies anew into tools/lock
	@$(BIN)/python tools/lock.py

wheel: setup ## build dist/*.whl, the fetched front-end files included
	@$(BOOTSTRAP) wheel

clean: ## remove what was built and fetched; var/ (the data) stays
	rm -rf .venv build dist handlers/pages/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
