"""LPIPS v0.1 in plain PyTorch, float64, with random weights: python3 lpips.py writes lpips.json beside this file.

Weights and images are mulberry32 streams, so that the test can make the same ones: the k-th trunk tensor (weight, bias,
weight, ... in the order of use) draws from seed + k, U(-b, b) with b = sqrt(6 / fan_in) for kernels (PyTorch's order
[out, in, h, w]) and b = 1 / sqrt(fan_in) for biases. Layer k's linear weights draw from seed + 100 + k, U(0, 1); the images
from seed + 90 and seed + 91.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def mulberry32(seed, count):
    with np.errstate(over="ignore"):
        state = (np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)).astype(np.uint32)
        t = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
        return (t ^ (t >> np.uint32(14))).astype(np.float64) / 4294967296


def stream(seed, shape):
    return torch.from_numpy(mulberry32(seed, int(np.prod(shape))).astype(np.float32).astype(np.float64)).reshape(shape)


class Weights:
    """Hands out kernel and bias of the next convolution."""

    def __init__(self, seed):
        self.seed, self.at, self.made = seed, 0, {}

    def conv(self, x, out, size, stride=1, pad=0):
        key = self.at
        self.at += 2
        if key not in self.made:
            fan = x.shape[1] * size * size
            draw = lambda seed, shape, bound: torch.from_numpy(
                ((2 * mulberry32(seed, int(np.prod(shape))) - 1) * bound).astype(np.float32).astype(np.float64)
            ).reshape(shape)
            self.made[key] = (
                draw(self.seed + key, (out, x.shape[1], size, size), (6 / fan) ** 0.5),
                draw(self.seed + key + 1, (out,), fan**-0.5),
            )
        kernel, bias = self.made[key]
        return F.relu(F.conv2d(x, kernel, bias, stride, pad))


def squeeze(x, w):
    def fire(x, middle, out):
        s = w.conv(x, middle, 1)
        return torch.cat([w.conv(s, out, 1), w.conv(s, out, 3, 1, 1)], 1)

    pool = lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)
    w.at = 0
    taps = [w.conv(x, 64, 3, 2)]
    taps.append(fire(fire(pool(taps[-1]), 16, 64), 16, 64))
    taps.append(fire(fire(pool(taps[-1]), 32, 128), 32, 128))
    taps.append(fire(pool(taps[-1]), 48, 192))
    taps.append(fire(taps[-1], 48, 192))
    taps.append(fire(taps[-1], 64, 256))
    taps.append(fire(taps[-1], 64, 256))
    return taps


def vgg(x, w):
    w.at = 0
    taps = []
    for stage, (width, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
        if stage:
            x = F.max_pool2d(x, 2, 2)
        for _ in range(count):
            x = w.conv(x, width, 3, 1, 1)
        taps.append(x)
    return taps


SHIFT = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).view(1, 3, 1, 1)
SCALE = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).view(1, 3, 1, 1)


def lpips(net, linear, x, y, weights):
    f, g = (net((2 * image - 1 - SHIFT) / SCALE, weights) for image in (x, y))
    unit = lambda a: a / (a.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)
    maps = [F.conv2d((unit(a) - unit(b)) ** 2, lin) for a, b, lin in zip(f, g, linear)]
    return [m.mean((1, 2, 3)) for m in maps], maps


if __name__ == "__main__":
    result = {}
    for name, net, seed, shape in [("squeeze", squeeze, 4100, (2, 3, 37, 30)), ("vgg", vgg, 4200, (2, 3, 20, 27))]:
        channels = {"squeeze": [64, 128, 256, 384, 384, 512, 512], "vgg": [64, 128, 256, 512, 512]}[name]
        linear = [stream(seed + 100 + k, (1, c, 1, 1)) for k, c in enumerate(channels)]
        a = stream(seed + 90, shape)
        b = (0.7 * a + 0.3 * stream(seed + 91, shape)).float().double().requires_grad_()
        layers, maps = lpips(net, linear, a, b, Weights(seed))
        total = sum(layers)
        (gradient,) = torch.autograd.grad(total.sum(), b)
        up = sum(F.interpolate(m, size=shape[2:], mode="bilinear", align_corners=False) for m in maps)[:, 0]
        result[name] = {
            "seed": seed,
            "shape": list(shape),
            "values": total.tolist(),
            "perLayer": [layer.tolist() for layer in layers],
            "spatial": {"sum": up.sum().item(), "at": [[i, r, c, up[i, r, c].item()] for i, r, c in [(0, 0, 0), (0, 11, 7), (1, 19, 26)]]},
            "gradient": {"l2": gradient.norm().item(), "at": [[i, c, r, k, gradient[i, c, r, k].item()] for i, c, r, k in [(0, 0, 3, 4), (0, 2, 10, 11), (1, 1, 17, 20)]]},
        }
    Path(__file__).with_name("lpips.json").write_text(json.dumps(result, indent=1) + "\n")
