#!/usr/bin/env bash
# What a machine with an NVIDIA card shows in under four minutes, after `npx roglab engine add cuda`: which providers work and how far
# from the processor they are, the golden suite on CUDA, how many attacks a study runs in the time of one (threads of one attack, and
# of as many as take their steps together: THREADSxATTACKS), attacks together against the same alone, and milliseconds beside PyTorch
# on the same card where that is installed.
# PYTHON names a Python with torch. Every part is bounded, the last by what is left; a part that fails does not stop the next.
set -uo pipefail
cd "$(dirname "$0")/../.."
timeout 15 node dist/src/cli.js doctor | sed -n '/^engines/,/^data/p'
export ROGLAB_PROVIDER=cuda
ROGLAB_ENGINE=compiled timeout 45 node dist/test/run.js attacks/golden objectives | tail -n 3
timeout 70 node dist/test/bench/throughput.js 32 4x1 4x8 2x16
timeout 40 node dist/test/run.js attacks/stacked | tail -n 3
unset ROGLAB_PROVIDER
against=()
if timeout 10 "${PYTHON:-python3}" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  against=(--against "${PYTHON:-python3} test/bench/torch_counterpart.py --device cuda")
fi
timeout $((235 - SECONDS)) node dist/src/cli.js bench --gpu --rounds 3 "${against[@]}"
