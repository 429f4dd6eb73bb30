# A thin door to the langsig command: `make help` lists the targets, `langsig --help` the commands.
#
# Variables given on the command line reach the shell as environment variables ("$$DATA"), so
# their values may contain spaces and apostrophes. ARGS is the exception: it is shell text.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LANGSIG := $(BIN)/langsig
export PATH := $(abspath $(BIN)):$(PATH)
export DVC_NO_ANALYTICS := 1
export TOKENIZERS_PARALLELISM := false
# Python is started often, and would compile all sources each time.
export PYTHONDONTWRITEBYTECODE :=
# Variables of the targets below; in the environment even where they are empty.
export ARGS BASE CACHE DATA ENDPOINT GPU JOBS NAME ORIGIN PLACE PRESET RECIPES SCHEDULER SEEDS SET
export STAGES TO URL WORKERS

.DEFAULT_GOAL := help
.PHONY: help install repro analyse spread report sweep test torture measures lint format data use remote price record samples docs plots lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/.installed .dvc/plots_page.html  ## create the virtual environment

$(VENV)/.installed: pyproject.toml requirements.lock
	@echo "installing into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade-strategy only-if-needed -c requirements.lock -e '.[dev]'
	@touch $@

.dvc/plots_page.html: src/langsig/repository/plots.py src/langsig/report/bundle.py $(VENV)/.installed
	@$(LANGSIG) plots-page $@

repro: install  ## [JOBS=n]: run the pipeline on the chosen data and print the result
	@$(LANGSIG) repro $${JOBS:+--jobs "$$JOBS"}
	@$(LANGSIG) show metrics/summary.json

analyse: install  ## run the analysis stages that are out of date, pulling only their inputs
	@$(LANGSIG) analyse
	@$(LANGSIG) show metrics/summary.json

spread: install  ## [WORKERS=n | SCHEDULER=address] [CACHE=1] [ORIGIN=url] [PLACE=folder]: run the pipeline on several machines
	@$(LANGSIG) spread $${WORKERS:+--workers "$$WORKERS"} $${SCHEDULER:+--scheduler "$$SCHEDULER"} $${CACHE:+--cache} $${ORIGIN:+--origin "$$ORIGIN"} $${PLACE:+--folder "$$PLACE"}
	@$(LANGSIG) show metrics/summary.json

report: install  ## write report/index.html: all results on one page, which needs no network
	$(BIN)/dvc repro report

sweep: install  ## PRESET=demo|ud8|ud33 [RECIPES="..."] [SEEDS="1 2"] [STAGES="..."] [JOBS=n] [ARGS=--status]: run ablations
	@$(LANGSIG) sweep "$$PRESET" $${RECIPES:+--recipes $$RECIPES} $${SEEDS:+--seeds $$SEEDS} $${STAGES:+--stages $$STAGES} $${JOBS:+--jobs "$$JOBS"} $(ARGS)

test: install  ## [ARGS="-m 'not slow'"]: run all tests, or those that take seconds, one process per core
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

torture: install  ## [ARGS="--times 20 --only stages push"]: kill everything at random moments, fill disks, and count what is lost
	@$(BIN)/python -m tests.torture $(ARGS)

measures: install  ## [ARGS="--seeds 1 2 3 --languages qac qae --doses .3 .1 .03"]: compare measures of similarity by models whose difference is known
	@OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.measures $(ARGS)

lint: install  ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

use: install  ## PRESET=demo|micro|ud8|ud33|paper [DATA=folder] [SET="key=value ..."]: choose parameters and data
	@$(LANGSIG) use "$$PRESET" $${DATA:+--data "$$DATA"} $${SET:+--set "$$SET"}

data: install  ## PRESET=paper [TO=folder] [BASE=mirror]: fetch the data that a preset names
	@$(LANGSIG) data "$$PRESET" $${TO:+--to "$$TO"} $${BASE:+--base "$$BASE"}

remote: install  ## URL=s3://bucket/prefix [ENDPOINT=https://host] [NAME=origin]: set where artifacts are pushed to
	@$(LANGSIG) remote "$$URL" $${ENDPOINT:+--endpoint "$$ENDPOINT"} $${NAME:+--name "$$NAME"}

price: install  ## [PRESET=name] [GPU=A100-40GB] [SET="key=value ..."] [ARGS="--tflops N --vocabulary N --json"]: estimate the cost of a run
	@$(LANGSIG) price $${PRESET:+"$$PRESET"} $${GPU:+--gpu "$$GPU"} $${SET:+--set "$$SET"} $(ARGS)

record:  ## TO=docs/results/NAME: keep parameters, metrics, tables and figures of a run in Git
	mkdir -p "$$TO"
	cp params.yaml metrics/summary.json artifacts/tables/* artifacts/relations/* plots/figures/*.svg plots/figures/learning.csv "$$TO"

samples: install  ## write the sample world again
	$(BIN)/python -m langsig.sample_world samples

docs: install  ## write the parts of docs/reference that the code defines
	$(BIN)/python docs/build.py
	$(LANGSIG) check --reference > docs/reference/parameters.md

plots: install  ## write dvc_plots/index.html, which needs no network
	$(BIN)/dvc plots show

lock: install  ## write requirements.lock from the installed packages
	$(BIN)/pip freeze --exclude-editable | sed -E 's/^torch==([0-9.]+)\+.*/torch==\1/' > requirements.lock

clean:  ## remove scratch files; the DVC cache stays
	rm -rf .scratch dvc_plots .pytest_cache .mypy_cache .ruff_cache .hypothesis
