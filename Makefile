# Thin lines only: each target is a command that can be typed.
PYTHON ?= python3
BIN := .venv/bin
LAB := $(BIN)/python -m lab --
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/*/.github/workflows/*.yml)
ACTIONS := action.yml github-cache/action.yml
LOCKS := $(filter-out requirements/left-out.txt,$(wildcard requirements/*.txt lab/*.txt lab/standin/*.txt))
LAB_OF_ZIPS := $(BIN)/python -m lab --without-docker --
PARTS := images schedules stacks releases layers upkeep action probes zips faults unit input pages starts
CHAOS_PARTS := chaos-calls chaos-kills chaos-schedules chaos-images chaos-images-killed chaos-input chaos-rest

.PHONY: demo test unit input images zips layers releases stacks upkeep probes probes-moto recorded \
    probes-aws faults schedules pages chaos \
    $(CHAOS_PARTS) judges fuzz action lint audit bench docs pictures lock dist starts

demo: .venv/ready
	$(LAB) $(BIN)/python -m lab.demo

# The longest come first, so that all end at about the same time.
test: .venv/ready
	$(MAKE) --jobs=4 --output-sync=target $(PARTS)

probes: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/lab

# The probes on moto's server, against recorded answers of AWS (SNAPSHOTS: tests/aws of LocalStack),
# and on AWS: in a scratch account, where all that begins with PREFIX- is deleted; under five cents.
PREFIX ?= lfd-probe
probes-moto: .venv/ready .lab/moto/ready
	$(BIN)/python -m lab.probes moto
	$(BIN)/python -m docs.lab_truth

recorded: .venv/ready
	$(BIN)/python -m lab.recorded $(SNAPSHOTS)
	$(BIN)/python -m docs.lab_truth

probes-aws: .venv/ready
	$(BIN)/python -m lab.probes aws --prefix=$(PREFIX)
	$(BIN)/python -m docs.lab_truth

images: .venv/ready
	$(LAB) $(BIN)/python -m pytest tests/integration -m docker

zips: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/integration/test_zip.py tests/integration/test_bad_input.py \
	    tests/integration/test_ecr.py tests/integration/test_secrets.py \
	    tests/integration/test_telling.py -m "not docker"

upkeep: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/test_doctor.py \
	    tests/integration/test_pages.py tests/integration/test_policy*.py tests/integration/test_terminal.py \
	    tests/integration/test_only_reads.py

layers: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/test_many.py \
	    tests/integration/test_sources.py tests/integration/test_changed_meanwhile.py \
	    tests/integration/test_states.py

releases: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/integration/test_release.py \
	    tests/integration/test_cancelled.py \
	    tests/integration/test_bounds.py tests/integration/test_canary.py \
	    tests/integration/test_ownership.py tests/integration/test_gates.py

stacks: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -m "not docker" tests/integration/test_stack*.py tests/peers

faults: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest tests/chaos

# SCHEDULE="code-good code-bad A3" plays one; SCHEDULES is how many are drawn, SCHEDULES_SEED how.
schedules: .venv/ready
	$(LAB_OF_ZIPS) $(BIN)/python -m pytest -q tests/schedules

pages: .venv/ready
	$(BIN)/python -m pytest tests/pages

chaos: .venv/ready
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
judges: .venv/ready
	JUDGES=$(JUDGES) $(LAB) $(BIN)/python -m pytest -q tests/judges

input: .venv/ready
	$(BIN)/python -m pytest tests/input

# What a run finds stays in .lab/fuzz.
FUZZ_SECONDS ?= 60
fuzz: .lab/fuzz/ready
	for target in configuration template samconfig event inputs files; do \
	  .lab/fuzz/venv/bin/python tests/input/fuzz.py $$target $(FUZZ_SECONDS) || exit; done

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

# Asks PyPI about every pinned package, so it needs the internet; one it does not know is an error.
audit: .lab/audit/ready
	for lock in $(LOCKS); do \
	  .lab/audit/venv/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner=off \
	    --requirement $$lock || exit; done

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
