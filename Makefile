# `make help` lists what can be made.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
export DVC_NO_ANALYTICS := 1
export TOKENIZERS_PARALLELISM := false

.DEFAULT_GOAL := help
.PHONY: help install repro analyse spread report sweep test lint format data use remote price record samples docs plots lock clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 12

install: $(VENV)/.installed .dvc/plots_page.html  ## make the virtual environment

$(VENV)/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade-strategy only-if-needed -c requirements.lock -e '.[dev]'
	touch $@

.dvc/plots_page.html: tools/plots_page.py src/langsig/report/bundle.py $(VENV)/.installed
	$(BIN)/python tools/plots_page.py $@

repro: install  ## [JOBS=n] run the pipeline on the chosen data, and print the result
	python tools/repro.py $(if $(JOBS),--jobs $(JOBS))
	langsig show metrics/summary.json

analyse: install  ## run what has changed of the analysis, and pull no more than it reads
	@python tools/analyse.py

spread: install  ## [WORKERS=n | SCHEDULER=address] [CACHE=1] [ORIGIN=url] [PLACE=folder]: run the pipeline on many machines
	@python tools/spread.py $(if $(WORKERS),--workers $(WORKERS)) $(if $(SCHEDULER),--scheduler '$(SCHEDULER)') $(if $(CACHE),--cache) $(if $(ORIGIN),--origin '$(ORIGIN)') $(if $(PLACE),--folder '$(PLACE)')

report: install  ## write report/index.html: all results on one page, which needs no network
	dvc repro report

sweep: install  ## PRESET=demo|ud8 [RECIPES="..."] [SEEDS="1 2"] [STAGES="..."] [JOBS=n] [ARGS=--status]: run ablations
	@python tools/sweep.py $(PRESET) $(if $(RECIPES),--recipes $(RECIPES)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(STAGES),--stages $(STAGES)) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

test: install  ## run all tests, one a core
	OMP_NUM_THREADS=1 pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install  ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy

format: install  ## format the code
	ruff check --fix .
	ruff format .

use: install  ## PRESET=demo|micro|ud8|paper [DATA=folder] [SET="key=value ..."]: choose parameters and data
	python tools/use.py $(PRESET) $(if $(DATA),--data '$(DATA)') $(if $(SET),--set $(SET))

data: install  ## PRESET=paper [TO=folder] [BASE=mirror]: fetch the data that a preset names
	python tools/data.py $(PRESET) $(if $(TO),--to '$(TO)') $(if $(BASE),--base '$(BASE)')

remote: install  ## URL=s3://bucket/prefix [ENDPOINT=https://host] [NAME=origin]: where artifacts are pushed to
	@python tools/remote.py '$(URL)' $(if $(ENDPOINT),--endpoint '$(ENDPOINT)') $(if $(NAME),--name '$(NAME)')

price: install  ## [PRESET=name] [GPU=A100-40GB] [ARGS="--tflops N --vocabulary N --json"]: what a run costs
	@python tools/price.py $(PRESET) $(if $(GPU),--gpu '$(GPU)') $(ARGS)

record:  ## TO=docs/results/NAME: keep parameters, metrics, tables and pictures of a run in Git
	mkdir -p '$(TO)'
	cp params.yaml metrics/summary.json artifacts/tables/* artifacts/relations/* plots/figures/*.svg plots/figures/learning.csv '$(TO)'

samples: install  ## write the sample world anew
	python -m langsig.sample_world samples

docs: install  ## write the parts of docs/reference that the code defines
	python docs/build.py
	langsig check --reference > docs/reference/parameters.md

plots: install  ## write dvc_plots/index.html, which opens without network
	dvc plots show

lock: install  ## write requirements.lock from what is installed
	$(BIN)/pip freeze --exclude-editable | sed -E 's/^torch==([0-9.]+)\+.*/torch==\1/' > requirements.lock

clean:  ## remove scratch files; keeps the DVC cache
	rm -rf .scratch dvc_plots .pytest_cache .mypy_cache .ruff_cache .hypothesis
