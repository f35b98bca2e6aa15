# `make demo` and `make test` need Python 3.11, pip and make; they set up .venv themselves.
PYTHON ?= python3.11
VENV := .venv
SCISPACY := .venv-scispacy
BIN := $(VENV)/bin
PIP := python -m pip install --quiet --disable-pip-version-check
# `make demo CPU=1`: PyTorch's own builds without CUDA, for a machine without a GPU.
ifdef CPU
PIP += --extra-index-url https://download.pytorch.org/whl/cpu
endif
INSTALL := $(BIN)/$(PIP) --constraint constraints.txt
INSTALL_BESIDE_SCISPACY := $(SCISPACY)/bin/$(PIP) --constraint constraints-scispacy.txt

# transformers imports TensorFlow wherever it is installed, which takes seconds; here it is for the tests of conversion.
export USE_TF := 0

.PHONY: demo test scispacy fuzz lint benchmarks clean

demo: $(VENV)/.pipeline
	$(BIN)/python demo/demo.py

test: $(VENV)/.test $(VENV)/.pipeline
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

scispacy: $(SCISPACY)/.ready  # our pipelines beside scispaCy, medspaCy and negspaCy, which need an environment of their own
	OMP_NUM_THREADS=1 $(SCISPACY)/bin/python -m pytest -rs tests/scispacy

fuzz: $(VENV)/.test $(VENV)/.pipeline  # a thousand damages of each kind, and forty kills
	FUZZ_N=1000 KILLS=20 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -rP tests/fuzz

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for scripts in projects/*/scripts; do MYPYPATH=$$scripts $(BIN)/mypy $$scripts || exit; done

benchmarks: $(VENV)/.dev  # TEXTS=folder of JSONL files with a text a line
	$(BIN)/python -m benchmarks.alignment $(TEXTS)
	$(BIN)/python -m benchmarks.speed $(TEXTS)
	$(BIN)/python -m benchmarks.overhead $(TEXTS)
	$(BIN)/python -m benchmarks.memory $(TEXTS)
	$(BIN)/python -m benchmarks.threads $(TEXTS)
	$(BIN)/python -m benchmarks.training_step $(TEXTS)
	$(BIN)/python -m benchmarks.table

clean:
	rm -rf $(VENV) $(SCISPACY) build dist *.egg-info demo/output

# One stamp file an installation, so that a second run starts at once.
$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.package: $(VENV)/.created setup.py constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/.pipeline: $(VENV)/.package $(wildcard wheels/*.whl)
	$(INSTALL) --no-deps --force-reinstall wheels/en_litbert_*.whl
	touch $@

$(VENV)/.test: $(VENV)/.dev
	$(INSTALL) --no-deps scispacy==0.6.2  # for its tokenizer alone; its own pins are for its models
	touch $@

$(VENV)/.dev: $(VENV)/.package
	$(INSTALL) --editable ".[dev]"
	touch $@

# medSpaCy asks for spaCy before 3.8 on Python 3.11 and older; what is used of it runs with 3.8. So it comes without its
# requirements, and what it imports is named.
$(SCISPACY)/.ready: setup.py constraints-scispacy.txt $(wildcard wheels/en_litbert_ner-*.whl)
	$(PYTHON) -m venv --clear $(SCISPACY)
	$(INSTALL_BESIDE_SCISPACY) --editable ".[scispacy]" pytest negspacy pyrush jsonschema medspacy_quickumls
	$(INSTALL_BESIDE_SCISPACY) --no-deps medspacy wheels/en_litbert_ner-*.whl
	touch $@
