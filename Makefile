# Everything happens in .venv; the first target on a fresh machine installs it.

PYTHON ?= python3
BIN := .venv/bin
CLIP ?= samples/dance.mp4
SLOW ?= 4
RECIPE ?=  # such as --minutes 10

.PHONY: demo test lint sweep-demo train train-gpu clean

demo: .venv/base  ## slow the sample clip four times
	$(BIN)/nakawari slow $(CLIP) --slow $(SLOW) --overwrite

test: .venv/installed  ## the whole test suite
	$(BIN)/python -m pytest

lint: .venv/installed  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

sweep-demo: .venv/installed  ## three tiny trials, and a picture of them
	$(BIN)/nakawari sweep configs/sweeps/demo.yaml --trials 3

train: .venv/installed  ## both stages to a checkpoint, on a CPU; make it again to go on
	$(BIN)/accelerate launch --cpu diffusion/recipe.py --size cpu $(RECIPE)

train-gpu: .venv/installed  ## the same with larger numbers, on one GPU
	$(BIN)/accelerate launch --num_processes 1 --mixed_precision bf16 \
		diffusion/recipe.py --size gpu $(RECIPE)

clean:  ## forget the environment
	rm -rf .venv

# What slowing a clip needs; the other adds training, benchmark, sweeps and what checks them.
.venv/base: WHAT := .
.venv/installed: WHAT := .[dev]
.venv/base .venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '$(WHAT)'
	touch $@
