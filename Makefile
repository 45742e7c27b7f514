# Each target is a short command.
PYTHON ?= python3
BIN := .venv/bin
LAB := $(BIN)/python -m lab --
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/*/.github/workflows/*.yml)
ACTIONS := action.yml github-cache/action.yml
LOCKS := $(filter-out requirements/left-out.txt,$(wildcard requirements/*.txt lab/*.txt lab/standin/*.txt))
LAB_OF_ZIPS := $(BIN)/python -m lab --without-docker --
# Thousands of processes import the engine: each would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE
# A folder of tests/integration is a part of its own: integration-zip and so on.
INTEGRATION := $(patsubst tests/integration/%/.,integration-%,\
    $(filter-out %__pycache__/.,$(wildcard tests/integration/*/.)))
PARTS := docker schedules probes $(INTEGRATION) action peers faults unit input pages bootstrap
CHAOS_PARTS := chaos-calls chaos-kills chaos-schedules chaos-images chaos-images-killed chaos-input chaos-rest

.PHONY: help demo test $(PARTS) probes-moto recorded probes-aws chaos $(CHAOS_PARTS) judges fuzz \
    lint format audit bench docs pictures lock dist

help: ## list the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

demo: .venv/ready ## the demo of the README, on the lab
	$(LAB) $(BIN)/python -m lab.demo

# The longest parts are first, so that all end at about the same time.
test: .venv/ready ## all tests: units, the engine on the lab, the action in workflows
	$(MAKE) --jobs=4 --output-sync=target $(PARTS)

probes: .venv/ready ## the probes of AWS behaviours, on the lab
	$(LAB) $(BIN)/python -m pytest tests/lab

# The probes on moto's server, against recorded answers of AWS (SNAPSHOTS: tests/aws of LocalStack),
# and on AWS: in a scratch account, where all that begins with PREFIX- is deleted; under five cents.
PREFIX ?= lfd-probe
probes-moto: .venv/ready .lab/moto/ready ## the probes on moto's server
	$(BIN)/python -m lab.probes moto
	$(BIN)/python -m docs.lab_truth

recorded: .venv/ready ## compare recorded answers of AWS with the lab (SNAPSHOTS)
	$(BIN)/python -m lab.recorded $(SNAPSHOTS)
	$(BIN)/python -m docs.lab_truth

probes-aws: .venv/ready ## the probes on AWS, in a scratch account (PREFIX)
	$(BIN)/python -m lab.probes aws --prefix=$(PREFIX)
	$(BIN)/python -m docs.lab_truth

docker: .venv/ready ## the integration tests that need Docker
	$(LAB) $(BIN)/python -m pytest -m docker tests/integration tests/chaos

$(INTEGRATION): integration-%: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/$*

# PEERS is how many seeded projects the SAM CLI builds, too. DIR has checkouts of other repositories.
peers: .venv/ready ## compare packaged templates with those of the SAM CLI (DIR=...: plan, deploy and compare all templates in it)
	$(if $(DIR),$(BIN)/python -m bench.corpora $(DIR),$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/peers)
	$(if $(DIR),$(LAB_OF_ZIPS) $(BIN)/python -m bench.corpora_deployed $(DIR))
	$(if $(DIR),$(LAB_OF_ZIPS) $(BIN)/python -m bench.corpora_built $(DIR))

faults: .venv/ready ## each fault, and kills at random moments
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/chaos

# SCHEDULE="code-good code-bad A3" plays one; SCHEDULES is how many are drawn, SCHEDULES_SEED how.
schedules: .venv/ready ## two concurrent runs, in chosen orders (SCHEDULE=...: one)
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -q tests/schedules

pages: .venv/ready ## the pictures of the pages, rendered in a browser
	$(BIN)/python -m pytest tests/pages

chaos: .venv/ready ## half an hour: faults, kills, schedules; writes docs/reliability.md
	rm -rf build/chaos
	$(MAKE) --jobs=4 --output-sync=target $(CHAOS_PARTS)
	$(BIN)/python -m docs.reliability

$(CHAOS_PARTS): export CHAOS = thorough
$(CHAOS_PARTS): export CHAOS_FIGURES = $@

chaos-calls: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/chaos/test_calls.py \
	    tests/chaos/test_surroundings.py tests/chaos/test_outages.py

# As many with two switches as fit 20 minutes.
chaos-schedules: .venv/ready
	SCHEDULES=100000 SCHEDULES_SWITCHES=2 SCHEDULES_MINUTES=20 SCHEDULES_SEED=$$(date +%j) \
	    $(LAB_OF_ZIPS) $(BIN)/python -m pytest -q tests/schedules

chaos-kills: .venv/ready
	CANCELLED=60 $(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/chaos/test_kills.py \
	    tests/chaos/test_mixtures.py tests/chaos/test_cancelled.py

chaos-images: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/chaos/test_images.py

chaos-images-killed: .venv/ready
	$(LAB) $(BIN)/python -m pytest -m docker tests/chaos/test_kills.py \
	    tests/chaos/test_mixtures.py tests/chaos/test_surroundings.py

# What is thorough among the tests of make test.
chaos-rest: .venv/ready
	$(LAB) $(BIN)/python -m pytest -m thorough tests/integration

chaos-input: .venv/ready
	$(BIN)/python -m pytest tests/input --timeout=3600

# The real tools judge what the engine knows of them, on seeded cases. JUDGES=share tries a few.
JUDGES ?= thorough
judges: .venv/ready ## half an hour: the real tools on seeded cases (JUDGES=share: a few)
	JUDGES=$(JUDGES) $(LAB) $(BIN)/python -m pytest -q tests/judges

input: .venv/ready ## some thousand hostile inputs
	$(BIN)/python -m pytest tests/input

# What a run finds stays in .lab/fuzz.
FUZZ_SECONDS ?= 60
fuzz: .lab/fuzz/ready ## search for inputs that break a parser (FUZZ_SECONDS)
	for target in configuration template samconfig event inputs files; do \
	  .lab/fuzz/venv/bin/python tests/input/fuzz.py $$target $(FUZZ_SECONDS) || exit; done

action: .venv/ready ## the action in real workflows
	$(LAB) $(BIN)/python -m pytest tests/action

bootstrap: .venv/ready ## the start of the engine, and the packages of a release
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/bootstrap

unit: .venv/ready ## tests without a network, AWS or Docker
	$(BIN)/python -m pytest tests/unit

lint: .venv/ready ## style, types, imports, workflows, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m docs.tables --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/zizmor --quiet --offline --persona=auditor --config=.github/zizmor.yml . $(wildcard examples/*)

format: .venv/ready ## rewrite the code in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Asks PyPI about every pinned package, so it needs the internet; one it does not know is an error.
audit: .lab/audit/ready ## ask PyPI for known vulnerabilities of pinned packages
	for lock in $(LOCKS); do \
	  .lab/audit/venv/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner=off \
	    --requirement $$lock || exit; done

bench: .venv/ready ## measure; writes bench/RESULTS.md
	$(BIN)/python -m compileall -q engine
	$(LAB) $(BIN)/python -m bench

dist: .venv/ready ## build the packages of a release
	$(BIN)/python -m tools.dist dist

docs: .venv/ready ## write the generated parts of docs and action.yml
	$(BIN)/python -m docs.tables

pictures: .venv/ready ## write the pictures and sample pages of docs
	$(LAB_OF_ZIPS) $(BIN)/python -m docs.situations
	$(BIN)/python -m docs.pictures

lock: .venv/ready ## pin the newest versions of all requirements
	for lock in $(LOCKS); do \
	  $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal \
	    --excludes requirements/left-out.txt --python-version 3.11 $${lock%.txt}.in -o $$lock; done
	npm update --prefix bench/peers --package-lock-only --omit-lockfile-registry-resolved --silent

# An environment of its own for a tool that few need.
.lab/%/ready: requirements/%.txt | .venv/ready
	$(BIN)/python -m venv --clear .lab/$*/venv
	$(BIN)/uv pip sync -q --no-config --require-hashes --python .lab/$*/venv/bin/python $<
	touch $@

.venv/ready: requirements/uv.txt requirements/dev.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync -q --no-config --require-hashes --compile-bytecode --python $(BIN)/python requirements/dev.txt
	printf "%s\n" "$(CURDIR)" "$(CURDIR)/engine" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/lambda_fast_deploy.pth"
	touch $@
