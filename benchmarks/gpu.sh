#!/bin/sh
# Measures langsig on the GPU of this machine, in under eight minutes; see benchmarks/gpu.py.
# PYTHON is the interpreter (default: that of .venv, otherwise python3); all arguments go to gpu.py.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
[ -x "$python" ] || command -v "$python" > /dev/null || python=python3
command -v nvidia-smi > /dev/null && nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
export PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}" TOKENIZERS_PARALLELISM=false
exec timeout 480 "$python" -u benchmarks/gpu.py "$@"
