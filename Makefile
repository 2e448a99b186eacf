# Everything a person or CI does here; `make help` lists it. Needs make (3.81 or newer), python3, and nothing else.

PYTHON ?= python3
ARGS :=
JOBS ?= auto
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
LOCK = $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)

# $(call installed,LOCK) brings the virtual environment up to a lock file. It keeps a copy of each lock that was
# installed to its end, so a warm start is one comparison; what an interrupted install left is made again from
# nothing. pip tries twice: quietly, then with its warnings, which hold the cause.
define installed
@if ! { [ -x $(PY) ] && cmp -s $(1) $(VENV)/$(1); }; then \
	set -e; trap 'exit 130' INT; \
	if [ -e $(VENV).incomplete ] || ! $(PY) -m pip --version >/dev/null 2>&1; then $(venv); fi; \
	touch $(VENV).incomplete; \
	echo 'Installing $(1) into $(VENV) (the first time this takes about a minute)' >&2; \
	$(PIP) install -qq -r $(1) 2>/dev/null || $(PIP) install -q -r $(1); \
	if [ $(1) = requirements-dev.txt ]; then cp requirements.txt $(VENV); fi; \
	cp $(1) $(VENV); \
	rm $(VENV).incomplete; \
fi
endef

# Makes the virtual environment, or says in one sentence what is missing and how to get it.
define venv
	command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no $(PYTHON): install Python 3.11 or newer, or name one with PYTHON=/path/to/python3." >&2; exit 1; }; \
	"$(PYTHON)" -c 'import sys; sys.version_info < (3, 11) and sys.exit("Python %d.%d is too old: \
install Python 3.11 or newer, then name it, as in: make PYTHON=python3.11 $@" % sys.version_info[:2])'; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(notdir $(PYTHON))-venv is missing: sudo apt-get install $(notdir $(PYTHON))-venv" >&2; exit 1; }; \
	touch $(VENV).incomplete; \
	"$(PYTHON)" -m venv --clear $(VENV)
endef

.PHONY: help run dev test coverage fuzz lint types format bench lock schema clean

help: ## List the targets
	@awk -F ': ## ' '/^[a-z]+: ## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## Serve on HOST and PORT (127.0.0.1:8000), after installing what is missing
	$(call installed,requirements.txt)
	@exec $(PY) -m service $(ARGS)

dev: ## Serve, and start again at each change of the source
	$(call installed,requirements.txt)
	@exec $(PY) -m service --reload $(ARGS)

test: ## Run the tests on all cores; ARGS="-k resume -x" goes to pytest
	$(call installed,requirements-dev.txt)
	@$(PY) -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: ## Run the tests, and fail where they leave too many branches untried
	$(call installed,requirements-dev.txt)
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

fuzz: ## Run the tests with their full numbers, for hours
	@TEST_CASES=100000 TEST_CUTS=10000 TEST_KILLS=100 TEST_DATABASE_STREAMS=500 TEST_REQUESTS=20000 TEST_FAULTS=5000 \
		$(MAKE) --no-print-directory test

lint: ## Check style, formatting, and which room imports which
	$(call installed,requirements-dev.txt)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command(["--no-logo"])'

types: ## Check the types, strictly
	$(call installed,requirements-dev.txt)
	@$(PY) -m mypy

format: ## Format the source, and repair what the linter can
	$(call installed,requirements-dev.txt)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: ## Measure CPU per token against a plain LangChain service
	$(call installed,requirements-dev.txt)
	@$(PY) -m benchmarks $(ARGS)

lock: ## Write the lock files anew; ARGS=--upgrade takes newer versions
	$(call installed,requirements-dev.txt)
	@$(PIP) install -q uv
	@$(LOCK) pyproject.toml requirements.in -o requirements.txt
	@$(LOCK) pyproject.toml requirements-dev.in -o requirements-dev.txt
	@$(LOCK) pyproject.toml -c requirements.txt -o requirements-run.txt
	@$(LOCK) tests/instructor/requirements.in -o tests/instructor/requirements.txt

schema: ## Write the TypeScript client's types anew, from the OpenAPI document
	$(call installed,requirements-dev.txt)
	@$(PY) -c 'import json; from service.app import create_app; from service.settings import Settings; \
print(json.dumps(create_app(Settings(_env_file=None)).openapi()))' | \
		node clients/typescript/scripts/generate.mjs clients/typescript/src/schema.ts

clean: ## Remove the virtual environment and all caches
	@rm -rf $(VENV) $(VENV).incomplete .coverage .coverage.* htmlcov
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
