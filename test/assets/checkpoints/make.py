"""Writes small checkpoints with PyTorch (1.13 was used), in both formats, and what is in them: python3 make.py"""

import collections
import json
from pathlib import Path

import torch

here = Path(__file__).parent
state = collections.OrderedDict()
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
state["conv.weight"] = base.reshape(2, 3, 2, 2)
state["shared.view"] = base[1:3, ::2]  # strided, in the same storage
state["transposed"] = base.t()
state["double"] = torch.tensor([0.1, -2.5], dtype=torch.float64)
state["half"] = torch.tensor([1.0, -2.0, 65504.0], dtype=torch.float16)
state["bfloat"] = torch.tensor([1.0, -2.0, 3.0], dtype=torch.bfloat16)
state["bn.num_batches_tracked"] = torch.tensor(-7)
state["bytes"] = torch.tensor([0, 255], dtype=torch.uint8)
state["scalar"] = torch.tensor(3.5)
state["empty"] = torch.zeros(0, 3)
state["parameter"] = torch.nn.Parameter(torch.tensor([[1.5]]))
module = torch.nn.Linear(2, 1).state_dict()  # carries _metadata
module["weight"], module["bias"] = torch.tensor([[1.0, 2.0]]), torch.tensor([3.0])
nested = {"epoch": 3, "name": "ä", "rate": 0.5, "model": state, "more": [module, (1, None, True)]}

for name, zipped in [("zip", True), ("legacy", False)]:
    torch.save(nested, here / f"{name}.pt", _use_new_zipfile_serialization=zipped)

expected = [[f"model.{k}", list(v.shape), v.detach().double().reshape(-1).tolist()] for k, v in state.items()]
expected += [[f"more.0.{k}", list(v.shape), v.reshape(-1).tolist()] for k, v in module.items()]
(here / "expected.json").write_text(json.dumps(expected) + "\n")
