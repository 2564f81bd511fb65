#!/usr/bin/env python3
"""Small files of tensors as numpy and PyTorch write them, base64 in one JSON with the values they hold.

usage: python3 test/golden/tensor-files.py > test/golden/tensor-files.json   (Debian's python3-torch and python3-numpy)
"""
import argparse, base64, io, json, pickle, sys
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


class Runs:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was run')",))


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
    ("npy", "big-endian numbers in Fortran order", written(lambda f: np.save(f, np.asfortranarray(kernel.astype(">f8")))), listed([("arr_0", kernel)])),
    ("npz", "big-endian numbers of all widths", written(lambda f: np.savez(f, f=weight.astype(">f4"), h=weight.astype(">f2"), i=np.array([-3, 500], ">i2"), l=np.array([7], ">i8"))), listed([("f", weight), ("h", weight.astype(np.float16)), ("i", [-3, 500]), ("l", [7])])),
    ("npz", "byte strings of .npy files", written(lambda f: np.savez(f, *[np.array(blob(a).tobytes()) for a in (kernel, bias)])), listed([("arr_0", kernel), ("arr_1", bias)])),
    *[("torch", f"a pickle of byte blobs of .npy files (Flower's Parameters), protocol {p}", written(lambda f, p=p: f.write(pickle.dumps([blob(a).tobytes() for a in (kernel, bias)], protocol=p))), listed([("0", kernel), ("1", bias)])) for p in (2, 3, 4, 5)],
    ("torch", "byte blobs of .npy files in a checkpoint", written(lambda f: torch.save({"parameters": [blob(a).tobytes() for a in (kernel, bias)], "round": 3}, f)), listed([("parameters.0", kernel), ("parameters.1", bias)])),
    *[("torch", f"a pickled list of numpy arrays, protocol {p}", written(lambda f, p=p: f.write(pickle.dumps([kernel, np.asfortranarray(weight), bias.astype(">f8")], protocol=p))), listed([("0", kernel), ("1", weight), ("2", bias)])) for p in (2, 3, 4)],
    ("torch", "a pickled dict of numpy arrays", written(lambda f: f.write(pickle.dumps({"conv.weight": kernel, "fc.bias": bias}, protocol=4))), listed([("conv.weight", kernel), ("fc.bias", bias)])),
    ("torch", "a list of numpy arrays in a checkpoint, numbers of numpy beside it", written(lambda f: torch.save({"arrays": [kernel, bias], "best": np.float64(0.5)}, f)), listed([("arrays.0", kernel), ("arrays.1", bias)])),
    ("torch", "tied, expanded, strided and empty tensors", written(lambda f: torch.save({"a": torch.tensor(weight), "tied": state["fc.weight"], "again": state["fc.weight"], "wide": torch.tensor(bias).view(1, 4).expand(3, 4), "every": torch.tensor(kernel)[:, ::2, 1:], "none": torch.zeros(0, 3)}, f)),
     listed([("a", weight), ("tied", weight), ("again", weight), ("wide", np.tile(bias, (3, 1))), ("every", kernel[:, ::2, 1:]), ("none", np.zeros((0, 3)))])),
    ("torch", "prefixes of torch.compile and data parallel, a nested state with an epoch", written(lambda f: torch.save({"state_dict": {f"module._orig_mod.{k}": v for k, v in state.items()}, "epoch": 3}, f)),
     listed([(f"state_dict.module._orig_mod.{k}", v) for k, v in values(state)])),
    ("torch", "Parameters", written(lambda f: torch.save({"w": torch.nn.Parameter(torch.tensor(weight))}, f)), listed([("w", weight)])),
]
refused = [
    ("an array of objects", written(lambda f: np.save(f, np.array([{"a": 1}], dtype=object), allow_pickle=True)), "an array of objects\"; nothing of a pickle is ever run"),
    ("complex numbers", written(lambda f: np.save(f, weight.astype(np.complex64))), "arr_0 must be of f2, f4, f8"),
    ("texts", written(lambda f: np.save(f, np.array([b"abc", b"de"]))), "arr_0 must be of f2, f4, f8"),
    ("texts of letters", written(lambda f: np.savez(f, a=np.array(["abc"]))), "a must be of f2, f4, f8"),
    ("a quantized tensor", written(lambda f: torch.save({"w": torch.quantize_per_tensor(torch.tensor(weight), 0.1, 0, torch.qint8)}, f)), "a quantized tensor; dequantize() it before it is saved"),
    ("a sparse tensor", written(lambda f: torch.save({"w": torch.tensor(weight).to_sparse()}, f)), "a sparse tensor; to_dense() before it is saved"),
    ("complex tensors", written(lambda f: torch.save({"w": torch.complex(torch.ones(2), torch.ones(2))}, f)), "complex numbers"),
    ("a whole module", written(lambda f: torch.save(torch.nn.Linear(2, 2), f)), "a module or an object of somebody's class; save its state_dict()"),
    ("a class of somebody", written(lambda f: torch.save({"args": argparse.Namespace(lr=0.1), "w": torch.ones(2)}, f)), "argparse.Namespace"),
    ("a call hidden in a pickle", written(lambda f: torch.save({"w": torch.ones(2), "x": Runs()}, f)), "the pickle names __builtin__.exec"),
    ("a call hidden in a plain pickle", written(lambda f: f.write(pickle.dumps([b"x", Runs()]))), "the pickle names builtins.exec"),
    ("a pickle of texts", written(lambda f: f.write(pickle.dumps(["abc"]))), "no checkpoint"),
]
json.dump({
    "files": [{"format": f, "title": t, "bytes": b, "tensors": v} for f, t, b, v in cases],
    "refused": [{"title": t, "bytes": b, "says": s} for t, b, s in refused],
}, sys.stdout)
