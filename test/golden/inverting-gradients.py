"""
Reference values for test/attacks/reference.test.ts, in float64 with PyTorch:
  python3 test/golden/inverting-gradients.py > test/golden/inverting-gradients.json

cosine, total variation: the formulas of Geiping et al. 2020 as PyTorch expressions on fixed inputs, and the gradient of the
cosine with respect to the pictures, through a network's parameter gradient.
adam: torch.optim.Adam on the sign of the gradient with MultiStepLR at 3/8, 5/8 and 7/8, on a quadratic.
Inputs are mulberry32 streams (src/core/random.ts); parameter k of the network uses seed + k, U(-1/sqrt(fan in), 1/sqrt(fan in)).
"""
import json
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
WORD = 0xFFFFFFFF


def stream(seed, count):
    out, state = [], seed
    for _ in range(count):
        state = (state + 0x6D2B79F5) & WORD
        t = ((state ^ (state >> 15)) * (1 | state)) & WORD
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & WORD)) & WORD) ^ t
        out.append(((t ^ (t >> 14)) & WORD) / 4294967296)
    return torch.tensor(out, dtype=torch.float32).double()


def weights(seed, shape, fan_in):
    # the library rounds to float32 once, after the scaling
    raw, bound = [], 1 / math.sqrt(fan_in)
    state = seed
    for _ in range(math.prod(shape)):
        state = (state + 0x6D2B79F5) & WORD
        t = ((state ^ (state >> 15)) * (1 | state)) & WORD
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & WORD)) & WORD) ^ t
        raw.append((2 * (((t ^ (t >> 14)) & WORD) / 4294967296) - 1) * bound)
    return torch.tensor(raw, dtype=torch.float32).double().reshape(shape)


def network(seed):
    return [
        weights(seed, (6, 3, 3, 3), 27),
        weights(seed + 1, (6,), 27),
        weights(seed + 2, (10, 6 * 4 * 4), 96),
    ]


def gradient(parameters, images, labels, create_graph=False):
    kernel, bias, dense = parameters
    hidden = torch.sigmoid(F.avg_pool2d(F.conv2d(images, kernel, bias, padding=1), 2))
    # the library flattens height, width, channel; its dense weights are stored for PyTorch's order c, h, w
    logits = hidden.flatten(1) @ dense.T
    return torch.autograd.grad(F.cross_entropy(logits, labels), parameters, create_graph=create_graph)


def cosine(g, q):
    dot = sum((a * b).sum() for a, b in zip(g, q))
    return 1 - dot / (sum((a * a).sum() for a in g).sqrt() * sum((b * b).sum() for b in q).sqrt())


def total_variation(x):
    return (x[..., 1:] - x[..., :-1]).abs().mean() + (x[..., 1:, :] - x[..., :-1, :]).abs().mean()


lists = lambda seed: [stream(seed, 60).reshape(5, 12) - 0.5, stream(seed + 1, 7) - 0.5]
images = lambda seed: stream(seed, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)

parameters = [p.requires_grad_() for p in network(40)]
labels = torch.tensor([3, 8])
observed = [g.detach() for g in gradient(parameters, images(50), labels)]
guess = images(60).requires_grad_()
value = cosine(gradient(parameters, guess, labels, create_graph=True), observed)
(slope,) = torch.autograd.grad(value, guess)


def adam(steps=40, size=6):
    target = stream(70, size)
    x = torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.025)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [steps * 3 // 8, steps * 5 // 8, steps * 7 // 8], gamma=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        ((x - target) ** 2).sum().backward()
        x.grad.sign_()
        optimizer.step()
        schedule.step()
        x.data.clamp_(0, 1)
    return {"steps": steps, "x": x.tolist()}


print(
    json.dumps(
        {
            "torch": torch.__version__,
            "cosineOfLists": cosine(lists(80), lists(90)).item(),
            "totalVariation": total_variation(images(100)).item(),
            "cosine": value.item(),
            "slope": {"l2": slope.norm().item(), "first": slope.flatten()[:12].tolist()},
            "adam": adam(),
        },
        indent=1,
    )
)
