#!/usr/bin/env bash
# One command of tuning on one Slurm node, on all GPUs that the job is given.
#
#   sbatch cluster/slurm-tune.sh teach --data /shared/standard-export --base /shared/bases/smollm2 --out /shared/tuned
#
# The arguments are those of `llamoco-tune`. Submit the script in the checkout, on a file system that the node sees; the same
# command again goes on from the last checkpoint. Options of sbatch, given before the script, replace those below:
# `sbatch --gpus-per-node=4 cluster/slurm-tune.sh ...` shares the batches among four GPUs.
#
# A minute before its time is over, the job stops and queues itself again. Slurm queues a preempted job again, but not a
# cancelled one. Steps since the last checkpoint are made again.
#SBATCH --job-name=llamoco-tune
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@60
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
set -euo pipefail

[[ -n ${SLURM_JOB_ID:-} ]] || { echo "this is for sbatch: sbatch $0 teach --data DIR --base DIR --out DIR" >&2; exit 2; }
(($#)) || { echo "which command? sbatch $0 teach --data DIR --base DIR --out DIR" >&2; exit 2; }

# What `make test` installs; LLAMOCO_BIN names the bin folder of another environment.
export PATH="${LLAMOCO_BIN:-$PWD/.venv/bin}:$PATH"

gpus=${SLURM_GPUS_ON_NODE:-1}
cpus=${SLURM_CPUS_PER_TASK:-$gpus}
export OMP_NUM_THREADS=$((cpus > gpus ? cpus / gpus : 1))

tuning=(llamoco-tune)
# Only the two phases share their work among processes; all other commands run in one.
if ((gpus > 1)) && [[ $1 == contrast || $1 == teach ]]; then
  tuning=(torchrun --standalone --nproc-per-node="$gpus" -m llamoco_tune)
fi

process=
stopped=
# shellcheck disable=SC2329  # called by traps
stop() {
  stopped=$1 interrupted=yes
  [[ -z $process ]] || kill -TERM "$process" 2>/dev/null || true
}
trap 'stop time' USR1
trap 'stop asked' TERM INT

"${tuning[@]}" "$@" &
process=$!
[[ -z $stopped ]] || kill -TERM "$process"
# A signal ends the `wait`, but not the process that it waits for.
interrupted=yes
while [[ -n $interrupted ]]; do
  interrupted=''
  code=0
  wait "$process" || code=$?
done

if [[ $stopped == time ]] && ((code)); then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
