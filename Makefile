# Thin lines only: each target is a command that can be typed.
PYTHON ?= python3
BIN := .venv/bin
LAB := $(BIN)/python -m lab --
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/*/.github/workflows/*.yml)
ACTIONS := action.yml github-cache/action.yml
LAB_OF_ZIPS := $(BIN)/python -m lab --without-docker --

.PHONY: demo test unit images zips layers releases stacks upkeep probes faults pages chaos action lint bench docs \
    pictures lock dist starts

demo: .venv/ready
	$(LAB) $(BIN)/python -m lab.demo

test: unit
	$(MAKE) --jobs=4 --output-sync=target images layers zips releases stacks upkeep probes action faults \
	    pages starts

probes: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/lab

images: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/integration -m docker

zips: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/integration/test_zip.py tests/integration/test_bad_input.py

upkeep: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/test_doctor.py \
	    tests/integration/test_pages.py tests/integration/test_policy.py tests/integration/test_terminal.py

layers: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/integration/test_many.py

releases: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/integration/test_release.py

stacks: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/test_stack.py tests/peers

faults: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/chaos

pages: .venv/ready
	$(BIN)/python -m pytest tests/pages

chaos: .venv/ready
	CHAOS=thorough $(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/chaos

action: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/action

starts: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/bootstrap

unit: .venv/ready
	$(BIN)/python -m pytest tests/unit

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m docs.tables --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/zizmor --quiet --offline --persona=auditor --config=.github/zizmor.yml . $(wildcard examples/*)

bench: .venv/ready
	$(BIN)/python -m compileall -q engine
	$(LAB) $(BIN)/python -m bench

dist: .venv/ready
	$(BIN)/python -m tools.dist dist

docs: .venv/ready
	$(BIN)/python -m docs.tables

pictures: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m docs.situations
	$(BIN)/python -m docs.pictures

lock: .venv/ready
	for use in requirements/uv requirements/engine requirements/lab requirements/dev requirements/bench \
	    lab/runtime lab/standin/rie lab/standin/runtime; do \
	  $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal \
	    --excludes requirements/left-out.txt --python-version 3.11 $$use.in -o $$use.txt; done
	npm update --prefix bench/peers --package-lock-only --omit-lockfile-registry-resolved --silent

.venv/ready: requirements/uv.txt requirements/dev.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync -q --no-config --require-hashes --compile-bytecode --python $(BIN)/python requirements/dev.txt
	echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/lambda_fast_deploy.pth"
	touch $@
