#!/bin/sh
# Checks, trains and measures on a machine with an NVIDIA card, in at most ten minutes:
#
#     sh bench/gpu.sh [PYTHON]
#
# PYTHON has PyTorch, to be measured beside. Brings the runtime's CUDA libraries unless ARMATURE_CUDA names a folder that has them. Needs no
# data: it records simulated robots. Exit status 1 where something does not hold. What it printed, and on which card, stands in
# docs/benchmarks.md.
set -u
cd "$(dirname "$0")/.." || exit 2
python=${1-}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failed=0

say() { printf '\n== %s\n' "$1"; }
# holds WHAT LIMIT COMMAND…: the command has to end well within so many seconds.
holds() {
  what=$1 limit=$2
  shift 2
  begun=$(date +%s)
  if timeout "$limit" "$@" >"$place/out" 2>"$place/err"; then said=holds; else said=FAILED failed=1; fi
  echo "$said: $what ($(($(date +%s) - begun)) s)"
  if [ $said = FAILED ]; then tail -n 3 "$place/out" "$place/err"; fi
}
# losses RUN: of its first and last step.
losses() {
  sed -n '/"kind":"step"/s/.*"loss":\([0-9.e-]*\).*/\1/p' "$place/$1/events.jsonl" | sed -n '1p;$p' | tr '\n' ' '
  echo "(losses of the first and the last step)"
}
# train RUN WORDS…: on `$ranks` before it, where several processes share the work.
ranks=
train() {
  run=$1
  shift
  $ranks ./armature train recipes/demo.ts --set data.root="$place/data" --set optimizer.steps=60 --set optimizer.warmup=10 \
    --set validation.everySteps=20 --set checkpoint.everySteps=20 --set threads="$(nproc)" --out "$place/$run" "$@"
}
# same WHAT RUN RUN: whether two runs are equal to the bit.
node=$(ls .armature/node/bin/node 2>/dev/null || command -v node)
same() { holds "$1" 30 "$node" tools/compare-runs.ts "$place/$2" "$place/$3"; }
step() {
  name=$1
  shift
  begun=$(date +%s)
  if train "$@" >"$place/out" 2>"$place/err"; then
    echo "holds: $name ($(($(date +%s) - begun)) s)"
    losses "$1"
  else
    echo "FAILED: $name"
    failed=1
    tail -n 2 "$place/err"
  fi
}

say "the machine"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || exit 2
if [ -z "${ARMATURE_CUDA-}" ]; then ./armature doctor --install cuda || exit 2; fi
holds "every operator of every policy computes as on the CPU" 120 ./armature doctor --device cuda

say "training: the same steps on the CPU and on the card"
for robot in reacher pusher arm; do
  ./armature record --robot $robot --episodes 60 --out "$place/data/$robot" --set observation=state >"$place/out" 2>&1 || { tail -n 2 "$place/out"; exit 2; }
done
step "60 steps on the CPU" cpu --device cpu
step "60 steps on the card" cuda --device cuda
step "again" again --device cuda
same "the same bits both times" cuda again
step "40 steps" resumed --device cuda --steps 40
step "and 20 more, resumed" resumed --device cuda --resume
same "the bits of one that was never stopped" cuda resumed
step "micro-batches of 16" micro --device cuda --set batch.microBatch=16
if command -v mpirun >/dev/null; then
  ranks="mpirun --allow-run-as-root --oversubscribe -n 2"
  step "the same on two ranks that share the card" ranks --device cuda --set batch.microBatch=16
  ranks=
  same "the bits of one rank" micro ranks
fi
step "60 steps with products in bfloat16" bf16 --device cuda --precision bf16

say "a training step beside PyTorch's"
timeout 240 ./armature bench engine --device cuda --threads "$(nproc)" --rounds 5 ${python:+--python "$python"} || failed=1
exit $failed
