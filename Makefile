# SPDX-License-Identifier: Apache-2.0
# Set-up and every routine task; `make help` lists them.
# Each target sets up what it needs by itself, from the locks, and is quick when repeated.
SHELL := /bin/bash
comma := ,
VENV := .venv
BIN := $(VENV)/bin
# ape keeps its packages and throw-away accounts in the project's own folder, so that nothing
# in the user's home is read or changed by demo and tests.
export APE_DATA_FOLDER := $(CURDIR)/.ape
export SOLCX_BINARY_PATH := $(CURDIR)/.ape/solcx
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# The demo and the tests talk to this machine only; a proxy would not find it.
export NO_PROXY := 127.0.0.1,localhost$(if $(NO_PROXY),$(comma)$(NO_PROXY))
export no_proxy := $(NO_PROXY)

.PHONY: help prerequisites setup demo test test-all torture gas fuzz lint format bench-agent bench-seal bench-streams lock clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# A stamp lies in what it stands for and says in which folder that was made: what was removed, moved or copied
# is made anew. Before make looks at the stamps, those that do not hold are taken away.
PYTHON_STAMP := $(VENV)/.installed
NODE_STAMP := node_modules/.installed
SOLC_STAMP := .ape/solcx/.installed
CONTRACTS_STAMP := .build/.compiled
$(shell bash scripts/_setup/stale.sh "$(CURDIR)")
stamp = @printf '%s\n' "$(CURDIR)" >$@

setup: $(NODE_STAMP) $(PYTHON_STAMP) $(SOLC_STAMP) $(CONTRACTS_STAMP) ## install everything, locked

prerequisites:
	@PYTHON="$(PYTHON)" bash scripts/_setup/prerequisites.sh

$(PYTHON_STAMP): requirements-dev.lock pyproject.toml | prerequisites
	@PYTHON="$(PYTHON)" bash scripts/_setup/python.sh "$(VENV)" >&2
	$(stamp)

$(NODE_STAMP): package-lock.json package.json .npmrc | prerequisites
	@bash scripts/_setup/node.sh >&2
	$(stamp)

$(SOLC_STAMP): scripts/_setup/solc_wrapper.js scripts/_setup/solc.sh ape-config.yaml $(NODE_STAMP) $(PYTHON_STAMP)
	@bash scripts/_setup/solc.sh "$(BIN)" >&2
	$(stamp)

SOLIDITY := $(shell find contracts interfaces -name '*.sol' 2>/dev/null)
$(CONTRACTS_STAMP): $(SOLIDITY) ape-config.yaml scripts/_abi.py $(SOLC_STAMP)
	@# All of it: a contract whose imports changed in words only has another metadata hash, and ape keeps the old.
	@$(BIN)/ape compile --force >&2
# Below /tmp ape compiles in place and leaves hundreds of files here; it then sees only the first 500 sources.
	@rm -rf contracts/.cache
	@$(BIN)/python scripts/_abi.py >&2
	$(stamp)

demo: setup ## run the whole chain once on real orders; ARGS="--customers 20 --json", STREAMS=real
	@$(BIN)/ape run demo $(if $(STREAMS),--streams $(STREAMS)) $(ARGS)

test: setup ## pass the tests
	@bash scripts/_setup/test.sh "$(BIN)"

test-all: setup ## pass the tests, the contracts' whole on anvil too
	@bash scripts/_setup/test.sh "$(BIN)" all

fuzz: setup ## run the state machines much longer; EXAMPLES=2000 for each
	FAIRCART_FUZZ=$(or $(EXAMPLES),2000) $(BIN)/pytest -p no:ape_test -s tests/machines $(ARGS)

torture: setup ## kill agents at least 100 times, reorganise, cheat, fail: all of it; RUNS=100
	FAIRCART_TORTURE=$(or $(RUNS),100) $(BIN)/pytest -p no:ape_test -s tests/torture $(ARGS)

gas: setup ## measure the contracts' gas beside that of others; writes reports/gas.json
	@$(BIN)/python -m tests.gas

lint: setup ## ruff, mypy, Slither
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/_slither.py

format: setup ## rewrite the Python files in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-streams: setup ## publish, discover and retrieve stream items on two nodes; writes reports/streams.json and .png
	@$(BIN)/python -m scripts._bench.streams $(ARGS)

bench-agent: setup ## replay 100,000 events, time deliveries; writes reports/agent.json
	@$(BIN)/python -m scripts._bench.agent

bench-seal: setup ## seal, check and open 1 KiB to 64 MiB; writes reports/seal.json
	@$(BIN)/python -m scripts._bench.seal

COMPILE := uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q
lock: ## renew the locks (needs uv on the PATH)
	$(COMPILE) --extra dev -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock -o requirements.lock
	npm install --package-lock-only

clean: ## remove everything that set-up and runs have made
	rm -rf .make .ape .build .venv node_modules reports
