# Each target does the set-up that it needs, once; after that it works without a network.
#
#   PYTHON=/path/to/python3   the Python to make .venv with; else the first that fits
#   ARGS="..."                words for the program that the target runs

.DEFAULT_GOAL := help
.PHONY: help demo test quick check lint types imports docs docs-check simulate mutants model chaos \
	soak-drive fuzz bench bench-console \
	bench-checkpoints bench-coordinator pictures lock clean run-env dev-env

BIN := .venv/bin
PYTHON ?=
export PYTHON
# The environment's own search path would come before what is installed here.
unexport PYTHONPATH PYTHONHOME
# Tests start thousands of processes: none of them may have to compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list what can be made
	@echo 'make TARGET [ARGS="..."] [PYTHON=/path/to/python3]'
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  \1	\2/p' Makefile | expand -t 22

demo: run-env  ## watch a fleet of three hand over on this machine; ARGS="--help" tells more
	@$(BIN)/colabvps-console demo $(ARGS)

# A file's tests stay together, for what they share. Files go in their order, the long ones of
# e2e well before the end: those with most tests first would leave them for last.
PYTEST = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations 10
QUICK := $(addprefix tests/unit/,core console/fleet console/orders)

test: dev-env  ## the whole test suite on all cores; ARGS are pytest's, and a path is all that runs
	@$(PYTEST) $(ARGS)

quick: dev-env  ## the unit tests of the core, the fleet view and the orders: under a minute
	@$(PYTEST) $(QUICK) $(ARGS)

check: lint types imports docs-check  ## all that needs no test run: lint, types, imports, and docs up to date

lint: dev-env  ## style, and whether it is formatted
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: dev-env  ## mypy, strict
	@$(BIN)/mypy

imports: dev-env  ## whether rooms import downwards only
	@$(BIN)/lint-imports

docs-check: dev-env
	@$(BIN)/python -m tools.protocol_doc --check
	@$(BIN)/python -m tools.console_doc --check
	@$(BIN)/python -m tools.rooms_doc --check

docs: dev-env  ## draw the generated parts of docs/ anew
	@$(BIN)/python -m tools.protocol_doc
	@$(BIN)/python -m tools.console_doc
	@$(BIN)/python -m tools.rooms_doc

SEEDS ?= 100
SEED ?= 0
simulate: dev-env  ## fleets in simulated time; SEEDS=n [SEED=first] ARGS="--transcript"
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --first $(SEED) $(ARGS)

mutants: dev-env  ## take out one rule of safety after the other: the simulation has to notice
	@$(BIN)/python -m tests.simulation.mutants $(ARGS)

model: dev-env  ## the decision table, state by state, to the last one; ARGS="--small"
	@$(BIN)/python -m tests.model $(ARGS)

chaos: dev-env  ## break living fleets on purpose: real processes; ARGS="--help" tells more
	@$(BIN)/python -m tests.chaos $(ARGS)

soak-drive: dev-env  ## moves and kills over an emulated Drive; ARGS="--help" tells more
	@$(BIN)/python -m tests.drive.soak $(ARGS)

fuzz: dev-env  ## five million inputs to every reader of what others write; takes half a day
	@$(BIN)/python -m tests.fuzz $(ARGS)

bench: dev-env  ## measure downtimes and start-up times
	@$(BIN)/python -m tests.bench $(ARGS)

bench-checkpoints: dev-env  ## measure checkpoints of 2 GB beside rclone and restic
	@$(BIN)/python -m tests.bench.checkpoints $(ARGS)

bench-console: dev-env  ## measure the screen: a thousand accounts over a store that is slow
	@$(BIN)/python -m tests.bench.console $(ARGS)

bench-coordinator: dev-env  ## measure the coordinator's heartbeat beside others'; needs wrk
	@$(BIN)/python -m tests.bench.coordinator $(ARGS)

pictures: dev-env  ## draw the pictures of the documents anew, from a live demonstration
	@$(BIN)/python -m tools.pictures $(ARGS)

lock:  ## remake the lock files; needs uv and the network
	@tools/lock.sh

clean:  ## remove what was made here: environments and caches
	@rm -rf .venv .venv-* .cache .*_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

run-env:
	@tools/setup.sh run

dev-env:  ## make .venv, with all that tests and checks need
	@tools/setup.sh dev
