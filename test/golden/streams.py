"""Inputs that any language can rebuild: mulberry32 streams in row-major order, rounded to float32; and short forms of results."""
import math

import numpy as np
import torch

torch.set_default_dtype(torch.float64)


def mulberry32(seed, count):
    with np.errstate(over="ignore"):
        a = (np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)).astype(np.uint32)
        t = ((a ^ (a >> np.uint32(15))) * (np.uint32(1) | a)).astype(np.uint32)
        t = ((t + ((t ^ (t >> np.uint32(7))) * (np.uint32(61) | t)).astype(np.uint32)) ^ t).astype(np.uint32)
        return (t ^ (t >> np.uint32(14))).astype(np.float64) / 2.0**32


def uniform(seed, shape, low=0.0, high=1.0):
    values = low + (high - low) * mulberry32(seed, int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(shape)


def parameters(seed, shapes):
    """The k-th from stream seed + k, U(-b, b) with b = 1 / sqrt(fan in); a bias has the fan of the weights before it."""
    out, fan = [], 1
    for k, shape in enumerate(shapes):
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else fan
        bound = 1 / math.sqrt(fan)
        out.append(uniform(seed + k, shape, -bound, bound).requires_grad_(True))
    return out


def summary(tensor):
    flat = tensor.detach().flatten()
    places = [0, len(flat) // 3, len(flat) // 2, len(flat) - 1]
    return {
        "shape": list(tensor.shape),
        "l2": float(flat.norm()),
        "sum": float(flat.sum()),
        "at": {str(i): float(flat[i]) for i in places},
    }
