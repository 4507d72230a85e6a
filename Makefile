# Sealgate: what can be done here. `make help` lists it.
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
CHAOS_MAILS ?= 20000
CHAOS_KILLS ?= 200
BENCH ?= --rounds 3 --share 0.5
WHOLE_ELSEWHERE := tests/e2e/test_browser_doors.py tests/webreader/test_revoking.py \
	tests/vault/test_rotation_killed.py tests/vault/test_access_model.py tests/vault/test_verifying.py
PYTEST ?= $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder
# What failed beside a dozen servers is tried alone, once. It stays named in the output: see CONTRIBUTING.
ALONE := $(BIN)/pytest -n 0 --last-failed --last-failed-no-failures none --maxfail 1

# Processes are started often, in the demo and in tests: compiled files are worth keeping.
unexport PYTHONDONTWRITEBYTECODE

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: run-venv ## start Sealgate here with sample mails and a mail room to look into
	@$(BIN)/sealgate demo

test: dev-venv ## install what the tests need and run them all
	@deploy/setup/test-packages
	@deploy/setup/optional $(VENV)
	@$(PYTEST) || { [ $$? = 1 ] && echo "Once more, each alone:" && $(ALONE); }

test-faults: dev-venv ## the proofs of durability, all of them: kills, power cuts, full disks (45 minutes)
	@deploy/setup/test-packages
	@SEALGATE_FAULTS=whole $(BIN)/pytest -n 0 tests/faults $(WHOLE_ELSEWHERE)
	@CHAOS_MAILS=$(CHAOS_MAILS) CHAOS_KILLS=$(CHAOS_KILLS) $(BIN)/pytest -n 0 tests/e2e/test_chaos.py

check: lint types imports cover ## everything CI runs

lint: dev-venv ## style, and that formatting is settled
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: dev-venv ## mypy, strict
	@$(BIN)/mypy

imports: dev-venv ## that imports run one way
	@$(BIN)/lint-imports

cover: dev-venv ## the tests, and how much of the code they reach
	@$(MAKE) --no-print-directory test PYTEST="$(PYTEST) --cov --cov-report=term:skip-covered"

bench: dev-venv ## measure the relay beside Postfix, Exim, Haraka and others (as root, 20 minutes)
	@$(BIN)/python -m bench.relay $(BENCH)
	@$(BIN)/python -m bench.relay.memory
	@$(BIN)/python -m bench.relay.latency
	@$(BIN)/python -m bench.relay.growth

soak: dev-venv ## half an hour of mixed mail at half the best rate: whether anything grows (as root)
	@$(BIN)/python -m bench.relay.soak

generated: dev-venv ## write the generated files: config/sealgate.toml and the reference pages
	@$(BIN)/python -m sealgate.generated

run-venv:
	@deploy/setup/venv $(VENV) run

dev-venv:
	@deploy/setup/venv $(VENV) dev

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info .coverage*

.PHONY: help demo test test-faults check lint types imports cover bench soak generated run-venv dev-venv clean
