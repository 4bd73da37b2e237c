# Everything runs in .venv, which needs nothing beforehand but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
DEMO_TIME ?= 25s
SOAK ?= 20m

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak clean

help: ## Show this help
	@grep -E '^[a-z.]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z.]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.venv: pyproject.toml uv.lock ## Set up the environment (all other targets do it when needed)
	@case "$$(uname -s)" in Linux|Darwin) ;; *) echo "cognito-load runs on Linux and macOS; on Windows, use WSL (wsl --install)." >&2; exit 1;; esac
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@$(BIN)/uv sync --frozen --quiet --compile-bytecode
	@touch .venv

demo: .venv ## Run both scenarios against the local sandbox for 25 s and print the verdict
	@$(BIN)/locust --headless --users 20 --spawn-rate 10 --run-time $(DEMO_TIME) --only-summary --cognito-sandbox

test: .venv ## Run the tests
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses 4 --dist worksteal $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lint: .venv ## Check style, types and the import rule
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: .venv ## Measure against the peers that are installed (see bench/README.md)
	@$(BIN)/python -m bench

soak: .venv ## Hold 500 users through 20 minutes of every fault there is (an hour: make soak SOAK=60m)
	@$(BIN)/python -m bench.soak --time $(SOAK)

clean: ## Remove what was made here, results excepted
	rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
