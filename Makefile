# Sets up, shows and tests sparktune. `make` alone lists the targets.
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Spark finds its Java here; the script installs one or says how, where there is none.
WITH_JAVA := JAVA_HOME="$$(.ci/java)" && export JAVA_HOME &&
# A file's tests share what is costly, such as a cluster, and stay together; the longest files come first. Many wait
# for clusters and servers: three at a time keep two cores busy.
IN_PARALLEL := --numprocesses 3 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo notebooks test chaos lint docs clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED)  ## make .venv with the pinned dependencies and the sparktune command; find or install Java 17+
	@$(WITH_JAVA) { $(BIN)/python -m sparktune.launch.jvm.class_archive || :; }  # for sessions to start sooner; made once

demo: install  ## tune 12 models of the embedded digits on local Spark, then score the digits in SQL; writes ./demo
	@$(WITH_JAVA) $(BIN)/sparktune demo

notebooks: install  ## execute all notebooks again and keep their outputs
	@$(WITH_JAVA) $(BIN)/python notebooks/execute.py

test: install  ## run all tests
	@$(WITH_JAVA) $(BIN)/python -m pytest $(IN_PARALLEL)

chaos: install  ## inject every fault and a storm of 100 kills for each of two studies; print what was withstood
	@$(WITH_JAVA) $(BIN)/python -m tests.chaos

lint: install  ## check style, types and the layers of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## write the generated pages again: docs/spec.md and docs/cli.md
	$(BIN)/python docs/generate.py

clean:  ## remove what the other targets made, .venv and ./demo included
	rm -rf $(VENV) demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find sparktune jobs tests -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@.ci/venv $(VENV)
	@echo "Installing sparktune into $(VENV); the first time this takes some minutes."
	@# A pip of 2025 or later takes half the time of Python 3.11's own.
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25'
	@$(BIN)/python -m pip install -qq --no-compile --constraint constraints.txt --editable '.[dev]'
	@# Bytecode for every later start, also where PYTHONDONTWRITEBYTECODE is set: TensorFlow alone costs 7 CPU seconds
	@# without it. pip would compile in one process; some packages hold templates that are no Python.
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib sparktune jobs || :
	@touch $@
