"""Private gradients from PyTorch in float64, every example's gradient by itself (torch.autograd), with clipping by example and by tensor.

    python3 test/golden/private-gradients.py > test/golden/private-gradients.json
"""
import json
import math

import torch
import torch.nn.functional as F

from streams import mulberry32

torch.set_default_dtype(torch.float64)


def stream(seed, *shape):
    return torch.tensor(mulberry32(seed, math.prod(shape))).float().double().reshape(shape)


def parameter(seed, fan_in, *shape):
    return ((2 * stream(seed, *shape) - 1) / math.sqrt(fan_in)).float().double().requires_grad_()


# every network: parameters in roglab's shapes (kernels hwio, dense [in, out]), images nhwc
def conv(x, w, b=None, stride=1, groups=1, dilation=1):
    pad = dilation * (w.shape[0] // 2)
    return F.conv2d(x, w.permute(3, 2, 0, 1), b, stride=stride, padding=pad, groups=groups, dilation=dilation)


def flat(x):  # flattened h, w, c
    return x.permute(0, 2, 3, 1).flatten(1)


def lenet(p, x):
    x = F.max_pool2d(F.relu(conv(x, p[0], p[1])), 2)
    x = F.max_pool2d(F.relu(conv(x, p[2], p[3])), 2)
    return F.relu(flat(x) @ p[4]) @ p[5]


LENET = [((5, 5, 3, 4), 75), ((4,), 75), ((5, 5, 4, 6), 100), ((6,), 100), ((24, 12), 24), ((12, 5), 12)]


def residual(p, x):
    x = F.relu(conv(x, p[0], stride=2))
    y = conv(F.relu(conv(x, p[1], p[2], groups=2)), p[3], dilation=2)
    x = F.relu(y + conv(x, p[4]))
    return x.mean((2, 3)) @ p[5] + p[6]


RESIDUAL = [((3, 3, 3, 4), 27), ((3, 3, 2, 6), 18), ((6,), 18), ((3, 3, 6, 4), 54), ((1, 1, 4, 4), 4), ((4, 5), 4), ((5,), 4)]


def normed(p, x):
    x = F.relu(F.group_norm(conv(x, p[0]), 2, p[1], p[2]))
    x = F.max_pool2d(x, 4)
    x = F.gelu(F.layer_norm(flat(x), (16,), p[3], p[4]))
    return x @ p[5] + p[6]


NORMED = [((3, 3, 3, 4), 27), ((4,), 1), ((4,), 1), ((16,), 1), ((16,), 1), ((16, 5), 16), ((5,), 16)]

NETWORKS = {"lenet": (lenet, LENET), "residual": (residual, RESIDUAL), "normed": (normed, NORMED)}
COUNT, CLASSES, SEED = 6, 5, 2023


def case(name, scope):
    net, specs = NETWORKS[name]
    params = [parameter(SEED + k, fan, *shape) for k, (shape, fan) in enumerate(specs)]
    images = stream(SEED + 100, COUNT, 8, 8, 3).permute(0, 3, 1, 2)
    labels = torch.arange(COUNT) % CLASSES
    each = []
    for i in range(COUNT):
        loss = F.cross_entropy(net(params, images[i : i + 1]), labels[i : i + 1])
        each.append(torch.autograd.grad(loss, params))
    whole = sorted(math.sqrt(sum(float((g**2).sum()) for g in gs)) for gs in each)
    lengths = sorted(float(g.norm()) for gs in each for g in gs)
    clip = whole[COUNT // 2] if scope == "example" else lengths[2 * len(lengths) // 3]
    sums, powers = [torch.zeros_like(p) for p in params], [0.0 for _ in params]
    for gs in each:
        norm = math.sqrt(sum(float((g**2).sum()) for g in gs))
        for k, g in enumerate(gs):
            length = norm if scope == "example" else float(g.norm())
            cut = g * min(1, clip / max(length, 1e-30))
            sums[k] += cut
            powers[k] += float((cut**2).sum())
    numbers = lambda t: [float(f"{v:.9g}") for v in t.detach().flatten()]
    return {"network": name, "scope": scope, "clip": clip, "powers": powers, "sum": [numbers(s) for s in sums]}


cases = [case(name, scope) for name in NETWORKS for scope in ("example", "tensor")]
print(json.dumps({"source": f"torch {torch.__version__}, float64", "seed": SEED, "cases": cases}))
