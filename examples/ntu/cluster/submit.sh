#!/bin/bash
# A whole run on a Slurm cluster, each step when the one before it has ended well:
#
#   TASKS=16 examples/ntu/cluster/submit.sh --preset gpu-80gb --data ntu60 --root skeletons=... --root videos=... --out /scratch/runs/ntu60
#
# TASKS (8) is how many machines prepare and attack at once. Training has as many shards as networks: 2 streams, then the defences,
# times the seeds; TRAININGS (4) is how many are trained at once. SBATCH_ARGUMENTS goes to every sbatch: a partition, an account.
set -euo pipefail
tasks=${TASKS:-8}
trainings=${TRAININGS:-4}
script="$(dirname "$0")/shard.sbatch"
after=()
# Submits one step. The first argument is the number of tasks; the next step waits for it.
step() {
  local count=$1 array=()
  shift
  [ "$count" -gt 1 ] && array=(--array=0-$((count - 1)))
  # shellcheck disable=SC2086 # several words
  after=(--dependency=afterok:"$(sbatch --parsable ${SBATCH_ARGUMENTS:-} "${array[@]}" "${after[@]}" "$script" "$@")")
  echo "$1: ${after[0]#*:}"
}
step "$tasks" prepare "$@"
step 1 prepare --merge "$@"
step "$trainings" train --stage streams "$@"
step "$trainings" train --stage networks "$@"
step "$tasks" evaluate "$@"
step 1 merge "$@"
step 1 report "$@"
