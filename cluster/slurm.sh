#!/usr/bin/env bash
# One campaign on the nodes of one Slurm job: Ray's head on the first node, a Ray node on each of the others.
#
#   sbatch cluster/slurm.sh /shared/campaigns/standard --recipe standard
#
# The arguments are those of `llamoco-data run`. Submit the script in the checkout, on a file system that all nodes see; the
# same command again goes on where the last one ended. Options of sbatch, given before the script, replace those below.
#
# Three minutes before its time is over, the job drains, and queues itself again if runs are left. SIGTERM, from preemption
# or from you, makes it drain too; Slurm queues a preempted job again, but not a cancelled one.
#SBATCH --job-name=llamoco
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=1G
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --no-kill
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
set -euo pipefail

[[ -n ${SLURM_JOB_ID:-} ]] || { echo "this is for sbatch: sbatch $0 DIR --recipe NAME" >&2; exit 2; }
(($#)) || { echo "which campaign? sbatch $0 DIR --recipe NAME" >&2; exit 2; }

# What `make demo` installs; LLAMOCO_BIN names the bin folder of another environment.
export PATH="${LLAMOCO_BIN:-$PWD/.venv/bin}:$PATH"
# One actor uses one processor, so its libraries may use only one thread.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1

# The token is in a file in the home folder, which all nodes see, or where RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH says.
export RAY_AUTH_MODE=token
if [[ -z ${RAY_AUTH_TOKEN:-}${RAY_AUTH_TOKEN_PATH:-} && ! -s ~/.ray/auth_token ]]; then
  (umask 077 && ray get-auth-token --generate >/dev/null)
fi

cpus=${SLURM_CPUS_PER_TASK:?say --cpus-per-task}
nodes=${SLURM_JOB_NUM_NODES:-1}
# One processor of the head is left to the driver and to Ray itself.
head_workers=$((cpus > 1 ? cpus - 1 : 1))
workers=$((head_workers + (nodes - 1) * cpus))

read -r head < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head_ip=${LLAMOCO_HEAD_IP:-$(getent ahostsv4 "$head" | awk 'NR == 1 { print $1 }')}
# Some systems give a machine a loopback address for its own name.
if ((nodes > 1)) && [[ $head_ip == 127.* ]]; then
  head_ip=$(hostname -I | awk '{ print $1 }')
fi
# The job has its own ports and folder, in case another job shares a node. The name is short because Ray puts sockets there.
port=$((20000 + SLURM_JOB_ID % 2000 * 5))
address=$head_ip:$port
scratch=${TMPDIR:-/tmp}/llamoco-$SLURM_JOB_ID
ray_options=(
  --block
  --disable-usage-stats
  --object-store-memory=200000000
  --dashboard-agent-listen-port=$((port + 1))
  --metrics-export-port=$((port + 2))
  --min-worker-port=0
  --max-worker-port=0
)

steps=()
driver=
drained=
# A signal before the driver starts ends the job as one that ends the driver: the campaign is not finished.
code=143
# shellcheck disable=SC2329  # called by traps
ended() {
  for step in ${steps[@]+"${steps[@]}"}; do kill -TERM "$step" 2>/dev/null || true; done
  wait
  # Ray's logs are kept if something went wrong.
  if ((${code:-1} == 0)) || { [[ -n $drained ]] && ((${code:-1} >= 128)); }; then rm -rf "$scratch"; fi
}
# shellcheck disable=SC2329
drain() {
  drained=$1 interrupted=yes
  [[ -z $driver ]] || kill -TERM "$driver" 2>/dev/null || true
}
trap ended EXIT
trap 'drain time' USR1
trap 'drain asked' TERM INT

srun --nodes=1 --ntasks=1 --nodelist="$head" --cpus-per-task="$cpus" --cpu-bind=none \
  ray start --head --node-ip-address="$head_ip" --port="$port" --num-cpus="$head_workers" \
  --dashboard-host=127.0.0.1 --dashboard-port=$((port + 3)) --ray-client-server-port=$((port + 4)) \
  --temp-dir="$scratch" "${ray_options[@]}" &
steps+=($!)
for ((i = 0; i < 60; i++)); do
  [[ -z $drained ]] || break
  ! ray health-check --address "$address" >/dev/null 2>&1 || break
  kill -0 "${steps[0]}" 2>/dev/null || { echo "Ray's head did not start on $head" >&2; exit 1; }
  sleep 2
done

if [[ -z $drained ]] && ((nodes > 1)); then
  # A lost node takes only its own processes with it.
  srun --nodes=$((nodes - 1)) --ntasks=$((nodes - 1)) --exclude="$head" --cpus-per-task="$cpus" --cpu-bind=none \
    --kill-on-bad-exit=0 --wait=0 --no-kill \
    ray start --address="$address" --num-cpus="$cpus" "${ray_options[@]}" &
  steps+=($!)
fi

if [[ -z $drained ]]; then
  llamoco-data run "$@" --address "$address" --workers "$workers" &
  driver=$!
  [[ -z $drained ]] || kill -TERM "$driver"
  # A signal ends the `wait`, but not the process that it waits for.
  interrupted=yes
  while [[ -n $interrupted ]]; do
    interrupted=''
    code=0
    wait "$driver" || code=$?
  done
fi

# Exit codes from 128 on mean that a signal ended the campaign before it was finished.
if [[ $drained == time ]] && ((code >= 128)); then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
