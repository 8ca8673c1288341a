# One command for each habit. Everything is installed from uv.lock into $(VENV); uv itself comes from PyPI.
# Another interpreter beside the first: make test PYTHON=python3.13 VENV=.venv-3.13
# Servers in tests on PostgreSQL, a throw-away cluster of its own per process: make test STORE=postgresql

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STORE ?= sqlite
PARALLEL := --store $(STORE) -n 2 --dist worksteal --timeout 180
export UV_PROJECT_ENVIRONMENT := $(VENV)

.PHONY: serve dist dist-node test test-node check format reference bench bench-peers reliability conformance screenshots clean

$(VENV)/ready: uv.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode
	@touch $(VENV)/ready

serve: $(VENV)/ready  ## Serve on 127.0.0.1:8080
	@$(BIN)/msgsim serve

dist: $(VENV)/ready  ## A wheel in dist/, to be installed anywhere
	@rm -rf dist
	@$(BIN)/uv build --quiet --wheel --out-dir dist
	@ls dist/*.whl

dist-node:  ## The same of the Node client, for npm
	@mkdir -p dist && cd clients/node && npm ci --silent --no-audit --no-fund && npm pack --silent --pack-destination ../../dist > /dev/null
	@ls dist/*.tgz

test: $(VENV)/ready  ## Run the tests; those of the pages need Chromium, and are left out where there is none
	@if $(BIN)/python -m tests.ui.browser; then $(BIN)/pytest $(PARALLEL) $(TESTS); else $(BIN)/pytest $(PARALLEL) -m "not browser" $(TESTS); fi

test-node: $(VENV)/ready  ## Types and tests of the Node client
	@cd clients/node && npm ci --silent --no-audit --no-fund && npm run --silent lint && PATH="$(abspath $(BIN)):$$PATH" npm test --silent

check: $(VENV)/ready  ## Lint, types, import contracts, scenarios
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/msgsim check scenarios

format: $(VENV)/ready  ## Put the code into shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

reference: $(VENV)/ready  ## Write docs/reference/python.md from the docstrings of the client and the fixture
	@$(BIN)/python -m tests.client.reference

bench: $(VENV)/ready  ## Ratios inside one run; goes on when a budget is missed, and says so
	-@$(BIN)/python -m benchmarks.run
	-@$(BIN)/python benchmarks/scenarios.py
	-@$(BIN)/python -m benchmarks.bulk
	-@$(BIN)/python -m benchmarks.pending
	-@$(BIN)/python -m benchmarks.callbacks
	-@$(BIN)/python -m benchmarks.advance
	-@$(BIN)/python -m benchmarks.sandboxes
	-@$(BIN)/python -m benchmarks.waiting
	-@$(BIN)/python -m benchmarks.pages
	-@$(BIN)/python -m benchmarks.stored
	-@$(BIN)/python -m benchmarks.replicas
	-@$(BIN)/python -m benchmarks.tls
	-@$(BIN)/python -m benchmarks.beside
	-@$(BIN)/python -m benchmarks.start
	-@$(BIN)/python -m benchmarks.day

bench-peers: $(VENV)/ready  ## Against other tools; installs them into .bench
	@$(BIN)/python -m benchmarks.peers

reliability: $(VENV)/ready  ## Crashes, faults, fuzzing, soak: the short forms; figures are printed
	@$(BIN)/python -m reliability

conformance: $(VENV)/ready  ## Published clients and the documents' samples against it; writes docs/conformance.md
	@$(BIN)/python -m conformance

screenshots: $(VENV)/ready  ## Every page in both themes
	@$(BIN)/python -m tests.ui.screenshots .screenshots

clean:
	rm -rf .venv .venv-* .bench .conformance .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
