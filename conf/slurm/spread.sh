#!/bin/bash
# make spread on SLURM: run sbatch conf/slurm/spread.sh in a clone on a file system that all nodes
# see. This job runs a Dask scheduler, one worker per GPU, and the launcher. Adapt it to your
# cluster. Workers that die are not replaced; the other workers do their tasks.
#SBATCH --job-name=langsig
#SBATCH --ntasks=8
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
set -euo pipefail
export PATH=$PWD/.venv/bin:$PATH
addresses=$PWD/.scratch/scheduler-$SLURM_JOB_ID.json
mkdir -p .scratch

dask scheduler --scheduler-file "$addresses" --no-dashboard &
srun dask worker --scheduler-file "$addresses" --nthreads 1 --no-dashboard &
trap 'kill $(jobs -p)' EXIT
until [ -s "$addresses" ]; do sleep 1; done
make spread SCHEDULER="$addresses" CACHE=1
