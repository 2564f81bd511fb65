#!/usr/bin/env bash
# What a machine with an NVIDIA card shows in under four minutes, after `npx roglab engine add cuda`: which providers work and how far
# from the processor they are, the golden suite on CUDA, milliseconds beside PyTorch on the same card where that is
# installed, and how many attacks a study runs in the time of one.
# PYTHON names a Python with torch. Every part is bounded; a part that fails does not stop the next.
set -uo pipefail
cd "$(dirname "$0")/../.."
node dist/src/cli.js doctor | sed -n '/^engines/,/^data/p'
ROGLAB_PROVIDER=cuda ROGLAB_ENGINE=compiled timeout 60 node dist/test/run.js attacks/golden objectives | tail -n 3
against=()
if "${PYTHON:-python3}" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  against=(--against "${PYTHON:-python3} test/bench/torch_counterpart.py --device cuda")
fi
timeout 120 node dist/src/cli.js bench --gpu --rounds 3 "${against[@]}"
ROGLAB_PROVIDER=cuda timeout 40 node dist/test/bench/throughput.js 28 4 14
