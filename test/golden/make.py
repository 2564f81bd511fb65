#!/usr/bin/env python3
"""The golden numbers of this folder, computed by PyTorch in float64.

usage: make.py OUT [SEED] [NAME...]     e.g. python3 test/golden/make.py test/golden

The seed of the committed files is 2023. Every input is a mulberry32 stream (streams.py), so only results are stored.
"""
import json
import math
import os
import sys

import torch
import torch.nn.functional as F

import architectures
import clients
import objectives
from networks import NETWORKS, cross_entropy, update
from streams import mulberry32, parameters, summary, uniform

CASES = [("lenet", 32, 4, 1), ("lenet", 32, 2, 5), ("vgg7", 32, 1, 1), ("resnet18", 64, 1, 1)]
CLASSES, RATE = 10, 0.003


def random_stream(seed):
    return {"seed": seed, "first": mulberry32(seed, 8).tolist()}


def bicubic(seed):
    shape = (2, 3, 8, 8)
    up = F.interpolate(uniform(seed, shape), scale_factor=4, mode="bicubic")
    note = "NCHW, scale 4, a=-0.75, half-pixel centres, edges clamped"
    return {"note": note, "seed": seed, "input": list(shape), "output": summary(up), "row": up[1, 2, 17].tolist()}


def run(name, size, batch, steps, seed, dtype):
    network, shapes = NETWORKS[name]
    weights = [w.detach().to(dtype).requires_grad_(True) for w in parameters(seed, shapes(size, CLASSES))]
    x = uniform(seed + 100, (batch, 3, size, size)).to(dtype)
    labels = [(7 * i + seed) % CLASSES for i in range(batch)]
    targets = F.one_hot(torch.tensor(labels), CLASSES).to(dtype)
    wanted = [t.detach() for t in update(network, weights, x, targets, steps, RATE, False)]
    z = uniform(seed + 200, (batch, 3, size // 4, size // 4)).to(dtype).requires_grad_(True)
    decoded = F.interpolate(z, scale_factor=4, mode="bicubic")
    objective = sum(((a - b) ** 2).sum() for a, b in zip(update(network, weights, decoded, targets, steps, RATE, True), wanted))
    (slope,) = torch.autograd.grad(objective, z)
    return labels, cross_entropy(network(weights, x), targets), wanted, objective, slope


def model_case(name, size, batch, steps, seed):
    labels, loss, wanted, objective, slope = run(name, size, batch, steps, seed, torch.float64)
    _, loss32, wanted32, objective32, slope32 = run(name, size, batch, steps, seed, torch.float32)
    off = lambda a, b: float((a.double() - b).norm() / b.norm())
    return {
        "model": name,
        "size": size,
        "classes": CLASSES,
        "batch": batch,
        "localSteps": steps,
        "learningRate": RATE,
        "seeds": {"weights": f"{seed}+k for the k-th parameter", "images": seed + 100, "latent": seed + 200},
        "labels": labels,
        "loss": float(loss),
        "update": [summary(t) for t in wanted],
        "objective": float(objective),
        "objectiveGradLatent": summary(slope),
        "float32Error": {
            "note": "relative error of PyTorch's own float32 run of this case",
            "loss": abs(float(loss32) - float(loss)) / abs(float(loss)),
            "update": [off(a, b) for a, b in zip(wanted32, wanted)],
            "objective": abs(float(objective32) - float(objective)) / float(objective),
            "objectiveGradLatent": off(slope32, slope),
        },
    }


def updates(seed):
    note = "NCHW/OIHW; flatten order c,h,w; cross-entropy averaged over the batch; update = gradient (1 step) or (w0-wT)/lr"
    return {"note": note, "cases": [model_case(*case, seed + 1000 * k) for k, case in enumerate(CASES)]}


def ssim(a, b):
    offsets = torch.arange(11).double() - 5
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))
    line = line / line.sum()
    window = (line[:, None] * line[None, :])[None, None].repeat(3, 1, 1, 1)
    mean = lambda t: F.conv2d(t, window, groups=3)
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    return (((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean(dim=(1, 2, 3))


def metrics(seed):
    shape = (2, 3, 64, 64)
    a = uniform(seed + 1, shape)
    b = (a * 0.7 + 0.3 * uniform(seed + 2, shape)).float().double()
    mse = ((a - b) ** 2).mean(dim=(1, 2, 3))
    return {
        "note": "images [2,3,64,64] in [0,1]; a = seed+1, b = float32(0.7 a + 0.3 seed+2)",
        "seed": seed,
        "mse": mse.tolist(),
        "psnr": (10 * torch.log10(1 / mse)).tolist(),
        "ssim": {"window": "11x11 gaussian sigma 1.5, valid, per channel, K1 .01 K2 .03, L 1", "values": ssim(a, b).tolist()},
    }


def obfuscations(seed):
    g, u = uniform(seed, (40,), -1, 1), uniform(seed + 1, (40,))
    top = g.abs().max()

    def rounded(bits, up):
        levels = 2 ** (bits - 1) - 1
        exact = g.abs() / top * levels
        return (g.sign() * (exact.floor() + up(exact - exact.floor())) * top / levels).tolist()

    def largest(sparsity):
        keep = g.abs().argsort(descending=True)[: math.ceil(40 * (1 - sparsity))]
        out = torch.zeros(40)
        out[keep] = g[keep]
        return out.tolist()

    nearest = lambda part: (part >= 0.5).double()
    return {
        "seeds": {"gradient": seed, "range": [-1, 1], "qsgdUniform": seed + 1},
        "uniform3": rounded(3, nearest),
        "uniform8": rounded(8, nearest),
        "qsgd3": rounded(3, lambda part: (u < part).double()),
        "topK95": largest(0.95),
        "topK50": largest(0.5),
        "sign": torch.where(g >= 0, 1.0, -1.0).tolist(),
    }


GOLDENS = {
    "mulberry32": random_stream,
    "bicubic": bicubic,
    "obfuscations": lambda seed: obfuscations(seed + 9),
    "metrics": metrics,
    "objectives": objectives.table,
    "clients": clients.table,
    "updates": updates,
    "layers": architectures.layers,
    "models": architectures.models,
}
COMPACT = ("layers", "models")


def main(out, seed=2023, *names):
    os.makedirs(out, exist_ok=True)
    for name in names or GOLDENS:
        with open(os.path.join(out, f"{name}.json"), "w") as file:
            json.dump(GOLDENS[name](int(seed)), file, indent=None if name in COMPACT else 1)
            file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
