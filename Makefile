# make live   the whole chain on this machine, with the emulated detector
# make test   every test
# make lint   ruff, mypy, import-linter
# make bench  speeds, each beside its reference
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# test processes; a file of tests is run by one of them
JOBS   ?= 2

.PHONY: live test lint bench lock clean
.DELETE_ON_ERROR:

live: $(VENV)/.installed
	@exec $(BIN)/dumpwatch live $(ARGS)

test: $(VENV)/.installed-test lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	@for b in l0 vertex reco chain close replay limits emulator alarms; do $(BIN)/dumpwatch bench $$b || exit 1; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dumpwatch needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.lock
	@touch $@

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q requirements.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q requirements-test.in -o requirements-test.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
