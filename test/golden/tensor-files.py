#!/usr/bin/env python3
"""Small files of tensors as numpy and PyTorch write them, base64 in one JSON with the values they hold.

usage: python3 test/golden/tensor-files.py > test/golden/tensor-files.json   (Debian's python3-torch and python3-numpy)
"""
import base64, io, json, sys
import numpy as np
import torch

generator = np.random.default_rng(7)
torch.manual_seed(7)
kernel = generator.standard_normal((2, 3, 2, 2)).astype(np.float32)
weight = generator.standard_normal((4, 3)).astype(np.float32)
bias = np.arange(4, dtype=np.float32) / 8


def written(write):
    buffer = io.BytesIO()
    write(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def listed(arrays):
    return [{"name": name, "shape": list(np.shape(a)), "data": np.asarray(a, dtype=np.float64).ravel().tolist()} for name, a in arrays]


def blob(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return np.frombuffer(buffer.getvalue(), dtype=np.uint8)


state = {"conv.weight": torch.tensor(kernel), "fc.weight": torch.tensor(weight), "fc.bias": torch.tensor(bias)}
counter = torch.tensor(12)
shared = torch.arange(6, dtype=torch.float32)
rounded = {
    "half": torch.tensor(weight).half(),
    "bfloat": torch.tensor(weight).bfloat16(),
    "double": torch.tensor(weight).double(),
    "counter": counter,
    "part": shared[1:5:2],
    "turned": torch.tensor(weight).t(),
}
values = lambda pairs: [(name, t.double().numpy()) for name, t in pairs.items()]
nested = {"epoch": 3, "model": {f"module.{k}": v for k, v in state.items()}, "optimizer": {"lr": 0.1, "buffers": [torch.tensor(bias)]}}
many = [np.full((1,), i, dtype=np.float32) for i in range(12)]

cases = [
    ("npz", "np.savez with names", written(lambda f: np.savez(f, kernel=kernel, weight=weight)), listed([("kernel", kernel), ("weight", weight)])),
    ("npz", "np.savez of a list, more than ten (Flower's saved rounds)", written(lambda f: np.savez(f, *many)), listed([(f"arr_{i}", a) for i, a in enumerate(many)])),
    ("npz", "np.savez_compressed", written(lambda f: np.savez_compressed(f, weight=weight, zeros=np.zeros((40, 5)))), listed([("weight", weight), ("zeros", np.zeros((40, 5)))])),
    ("npz", "byte blobs of .npy files (Flower's Parameters)", written(lambda f: np.savez(f, blob(kernel), blob(bias))), listed([("arr_0", kernel), ("arr_1", bias)])),
    ("npz", "types: half, double, integers, bool, a scalar", written(lambda f: np.savez(f, h=weight.astype(np.float16), d=weight.astype(np.float64), i=np.array([-3, 5], dtype=np.int64), b=np.array([True, False]), s=np.float32(2.5))),
     listed([("h", weight.astype(np.float16)), ("d", weight), ("i", [-3, 5]), ("b", [1, 0]), ("s", np.float32(2.5))])),
    ("npy", "np.save", written(lambda f: np.save(f, kernel)), listed([("arr_0", kernel)])),
    ("npy", "np.save in Fortran order", written(lambda f: np.save(f, np.asfortranarray(kernel))), listed([("arr_0", kernel)])),
    ("npy", "np.save three times to one file", written(lambda f: [np.save(f, a) for a in (kernel, weight, bias)]), listed([("arr_0", kernel), ("arr_1", weight), ("arr_2", bias)])),
    ("torch", "a state dict", written(lambda f: torch.save(state, f)), listed(values(state))),
    ("torch", "a state dict, legacy", written(lambda f: torch.save(state, f, _use_new_zipfile_serialization=False)), listed(values(state))),
    ("torch", "nested, module. prefixes, an optimizer's buffers", written(lambda f: torch.save(nested, f)),
     listed([(f"model.module.{k}", v) for k, v in values(state)] + [("optimizer.buffers.0", bias)])),
    ("torch", "a list", written(lambda f: torch.save(list(state.values()), f)), listed([(str(i), v) for i, (_, v) in enumerate(values(state))])),
    ("torch", "half, bfloat16, double, a counter, strided views", written(lambda f: torch.save(rounded, f)), listed(values(rounded))),
    ("torch", "Parameters", written(lambda f: torch.save({"w": torch.nn.Parameter(torch.tensor(weight))}, f)), listed([("w", weight)])),
]
refused = [
    ("an array of objects", written(lambda f: np.save(f, np.array([{"a": 1}], dtype=object), allow_pickle=True)), "an array of objects\"; nothing of a pickle is ever run"),
    ("big-endian numbers", written(lambda f: np.save(f, weight.astype(">f4"))), "little-endian"),
    ("complex numbers", written(lambda f: np.save(f, weight.astype(np.complex64))), "little-endian of"),
]
json.dump({
    "files": [{"format": f, "title": t, "bytes": b, "tensors": v} for f, t, b, v in cases],
    "refused": [{"title": t, "bytes": b, "says": s} for t, b, s in refused],
}, sys.stdout)
