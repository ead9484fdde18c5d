# Two commands for newcomers: `make demo` and `make test`. Everything else is for people who work on the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode
# Where byte code is not kept, every command compiles all it imports again: three seconds each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check soak lint setup setup-dev browser node snippet letters screenshots lock translations clean

demo: setup  ## set up, load the demo company, serve it
	@$(BIN)/regulars demo

test: setup-dev browser node  ## set up, run every test
	@$(BIN)/pytest -n 2 --durations 10

check: lint  ## what keeps the code in shape: format, lint, layers, types, architecture, translations; CI runs it, then `make test`
	@$(BIN)/pytest -n0 tests/test_architecture.py tests/test_translations.py

soak: setup-dev  ## long trials, hours: a million operations against the model, tills while everything is killed, Spark as on a cluster
	@JDK_JAVA_OPTIONS= PYSPARK_SUBMIT_ARGS=pyspark-shell $(BIN)/pytest -n0 -m spark
	@REGULARS_HISTORIES=28000 $(BIN)/pytest -s -n 2 -o faulthandler_timeout=0 regulars/loyalty/tests/test_laws.py
	@REGULARS_KILLS=20 REGULARS_PEOPLE=500 $(BIN)/pytest -n0 -o faulthandler_timeout=0 tests/test_till_kill.py tests/test_answers_kill.py

lint: setup-dev
	@echo "format, lint, layers, types"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/mypy --no-error-summary

setup: $(VENV)/.demo
setup-dev: $(VENV)/.dev

$(VENV)/.build: requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit("Regulars needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@echo "making a virtual environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	@touch $@

$(VENV)/.demo: $(VENV)/.build requirements-demo.lock pyproject.toml
	@echo "installing locked dependencies (about 330 MB, once)"
	@$(INSTALL) -r requirements-demo.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements-dev.lock requirements-spark.lock
	@echo "installing what tests and checks need"
	@$(INSTALL) -r requirements-dev.lock
	@if command -v java >/dev/null 2>&1; then echo "Java is here: installing PySpark too"; $(INSTALL) -r requirements-spark.lock; fi
	@touch $@

browser:
	@tests/browser/install.sh
	@tests/telephone/install.sh

node:
	@tests/node/install.sh

SNIPPET := regulars/connectors/static/connectors/regulars
snippet: node  ## the web snippet as it is served, from its readable source
	@tests/node/minify.sh < $(SNIPPET).js > $(SNIPPET).min.js

letters: setup-dev  ## the HTML of letters, from their MJML
	@$(BIN)/python -m tests.letters

screenshots: setup-dev browser  ## pictures of the main pages, into docs/pictures
	@$(BIN)/python -m tests.browser.screenshots

lock:  ## renew the locked versions
	@$(UV) pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	@$(UV) pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements.lock --extra demo pyproject.toml -o requirements-demo.lock
	@$(UV) pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements-demo.lock --extra demo --group dev pyproject.toml -o requirements-dev.lock
	@$(UV) pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements-dev.lock --extra demo --extra spark --group dev pyproject.toml -o requirements-spark.lock

translations:  ## extract texts and compile the Russian catalogues (needs gettext)
	@for domain in regulars/*/locale; do (cd $$domain/.. && ../../$(BIN)/django-admin makemessages -l ru --no-location -v 0 && ../../$(BIN)/django-admin compilemessages -v 0); done

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
