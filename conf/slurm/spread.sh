#!/bin/bash
# make spread on SLURM: sbatch conf/slurm/spread.sh, from a clone on a file system that all nodes
# see. A Dask scheduler, one worker a GPU, and the head, all in this job. Change what your cluster
# calls for; workers that die are replaced by none, their shares are taken up by the others.
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
