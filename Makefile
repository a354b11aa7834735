# What a person types. `make site` brings an architecture up, `make test` runs everything that CI runs.
# The playbook of an architecture (make play-ecommerce) names its topology itself.
ARCHITECTURES := $(patsubst topologies/%.yml,%,$(wildcard topologies/*.yml))
TOPOLOGY ?= $(or $(patsubst play-%,%,$(firstword $(filter $(ARCHITECTURES:%=play-%),$(MAKECMDGOALS)))),single_instance)
INVENTORY ?= inventories/lab
# More options for ansible-playbook: make site ARGS="--check --diff"
ARGS ?=

# One word of the shell, also with spaces and quotes in it.
quote = '$(subst ','\'',$(1))'

export GROUNDWORK_TOPOLOGY := $(TOPOLOGY)
# The topology of an inventory source replaces this one, but not one that the user has named.
ifeq ($(origin TOPOLOGY),file)
export GROUNDWORK_DEFAULT_TOPOLOGY := $(TOPOLOGY)
endif
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev validate site test test-long lint docs audit unit examples integration ministack versions role lab e2e bench schema lab-env down clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9%-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## The virtual environment with ansible and what the modules need
	@scripts/setup requirements.txt requirements-lab.txt

setup-dev:  ## The same, with the test tools
	@scripts/setup requirements-dev.txt

validate: setup  ## Check TOPOLOGY without AWS, with INVENTORY where you name one
	@scripts/validate $(if $(filter command environment,$(firstword $(origin INVENTORY))),$(call quote,$(INVENTORY)))

site: setup  ## Bring TOPOLOGY up on INVENTORY, and print where to find it
	@scripts/play $(call quote,$(INVENTORY)) playbooks/site.yml $(ARGS)

play-%: setup  ## Run one playbook (docs/playbooks.md): make play-status, play-deploy, play-rollback, play-destroy …
	@scripts/play $(call quote,$(INVENTORY)) playbooks/$*.yml $(ARGS)

test: setup  ## Everything that CI runs
	@scripts/test

test-long: setup  ## What takes too long for CI, an hour or more
	@PYTEST_ADDOPTS="-m long" scripts/test e2e=ecommerce role=app e2e=three_tier e2e=rollouts integration e2e=workers \
		e2e=single_instance role=migration role=workers
	@scripts/test versions

lint: setup-dev  ## Linters, type checks, ansible-test sanity, and the built collection, or the steps of ONLY (ONLY="ruff mypy")
	@scripts/lint $(ONLY)

docs: setup-dev  ## The reference of modules, plugins and roles as HTML, in .docs/html
	@scripts/docs

audit: setup-dev  ## Advisories for what is locked or pinned here; needs the network
	@scripts/audit

unit: setup-dev  ## Data in, data out, on all cores
	@scripts/unit

examples: setup-dev  ## The example applications' own tests, with each supported Node.js
	@scripts/examples

integration: setup-dev  ## The modules through real ansible, over HTTP, with faults
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/integration

ministack: setup-dev  ## The topologies against a second emulator of AWS, which shares no code with the lab's
	@scripts/ministack

versions: setup-dev  ## A core of the tests with the oldest and the newest supported ansible-core, or with ONLY (2.19, 2.20, 2.21)
	@scripts/versions $(ONLY)

role: setup-dev  ## Every role in a container of its own (molecule), or that of ONLY
	@scripts/role $(ONLY)

lab: setup-dev  ## The lab by itself: its API, its guests, its commands
	@$(BIN)/python -m lab setup
	@$(BIN)/python -m pytest -q -x tests/lab

e2e: setup-dev  ## Every topology in a lab of the tests' own, or that of ONLY
	@scripts/e2e $(ONLY)

bench: setup-dev  ## Ratios against other ways of doing the same work, or that of ONLY (ONLY=inventory ARGS="--rounds 5")
	@scripts/bench $(or $(ONLY),all) $(ARGS)

schema: setup  ## Write the JSON Schema and the reference of the topology document anew
	@$(BIN)/python scripts/schema.py

lab-env: setup  ## Print the exports that lead any AWS client to the running lab: eval "$$(make -s lab-env)"
	@$(BIN)/python -m lab env

# A set-up that was broken off has brought no lab up.
SET_UP := $(wildcard .venv/.groundwork-*)

down: ## Take the lab away
	@if [ -n "$(SET_UP)" ]; then $(BIN)/python -m lab down; else echo "There is no lab: nothing has been set up here."; fi

clean: down  ## Take images, caches and the virtual environment away as well
	@if [ -n "$(SET_UP)" ]; then $(BIN)/python -m lab clean; fi
	@rm -rf .venv .lab .ansible .docs dist
