# One command for each habit. Everything is installed from uv.lock into .venv; uv itself comes from PyPI.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test check format bench bench-peers reliability screenshots clean

.venv/ready: uv.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode
	@touch .venv/ready

serve: .venv/ready  ## Serve on 127.0.0.1:8080
	@$(BIN)/msgsim serve

test: .venv/ready  ## Run the tests; a browser for those of the pages comes from Debian's packages
	@sh tests/ui/chromium.sh
	@$(BIN)/pytest -n 2 --dist worksteal --timeout 180

check: .venv/ready  ## Lint, types, import contracts, scenarios
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/msgsim check scenarios

format: .venv/ready  ## Put the code into shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/ready  ## Ratios inside one run; goes on when a budget is missed, and says so
	-@$(BIN)/python benchmarks/run.py
	-@$(BIN)/python benchmarks/scenarios.py
	-@$(BIN)/python -m benchmarks.bulk
	-@$(BIN)/python -m benchmarks.pending
	-@$(BIN)/python -m benchmarks.callbacks
	-@$(BIN)/python -m benchmarks.advance
	-@$(BIN)/python -m benchmarks.start
	-@$(BIN)/python -m benchmarks.day

bench-peers: .venv/ready  ## Against other tools; installs them into .bench
	@$(BIN)/python -m benchmarks.peers

reliability: .venv/ready  ## Crashes, faults, fuzzing, soak: the short forms; figures are printed
	@$(BIN)/python -m reliability

screenshots: .venv/ready  ## Every page in both themes
	@$(BIN)/python -m tests.ui.screenshots .screenshots

clean:
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
