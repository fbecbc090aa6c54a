# make demo   install and check the seed article
# make test   install and run every check
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test lint benchmark clean

demo: $(VENV)/demo.stamp
	$(BIN)/claims check seeds/es-kazakhstan-sanctions.txt

test: $(VENV)/test.stamp lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy

# What the numbers in README come from; DATA is the folder with nli/, sentences/, clauses/, articles/.
DATA ?= ../shared/data
benchmark: $(VENV)/test.stamp
	$(BIN)/python -m tests.benchmarks.sentences $(DATA)/sentences
	$(BIN)/python -m tests.benchmarks.clauses $(DATA)/clauses test
	$(BIN)/python -m tests.benchmarks.speakers
	$(BIN)/python -m tests.benchmarks.pairs $(DATA)/articles/dev.jsonl
	$(BIN)/python -m tests.benchmarks.check
	$(BIN)/python -m tests.benchmarks.review

$(VENV)/demo.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/test.stamp: $(VENV)/demo.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) dist build
