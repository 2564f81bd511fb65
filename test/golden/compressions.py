"""Golden numbers of what deployments send: torch's half types, bitsandbytes' codes written down from their papers, STC, FLARE's percentile
filter, PowerSGD and optimal k-means, each in numpy or torch on seeded streams. python3 test/golden/compressions.py > test/golden/compressions.json"""
import json
import sys

import numpy as np
import torch

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from streams import uniform  # noqa: E402

SEED = 41


def floats(seed, n, top=1.0):
    return uniform(seed, (n,), -top, top).float()


def spread(seed, n):
    """Entries over many decades, powers of two, ties of both half types, subnormals and zeros among them."""
    g = floats(seed, n) * 10 ** (uniform(seed + 1, (n,), -9, 5).float())
    special = [0.0, 1.0, -2.0, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 6e-8, 2.9e-8, 65519.0, -1e-7]
    return torch.cat([g, torch.tensor(special).float()])


def dynamic():
    values = [0.0, 1.0]
    for i in range(7):
        edges = np.linspace(0.1, 1, 2**i + 1)
        means = (edges[:-1] + edges[1:]) / 2 * 10.0 ** (i - 6)
        values += list(means) + list(-means)
    return np.sort(values)


def normal_float():
    """create_normal_map of QLoRA: quantiles of a normal distribution, offset 0.9677083."""
    quantile = lambda p: torch.special.ndtri(torch.tensor(p, dtype=torch.float64)).numpy()
    positive = quantile(np.linspace(0.9677083, 0.5, 9)[:-1])
    negative = -quantile(np.linspace(0.9677083, 0.5, 8)[:-1])
    values = np.sort(np.concatenate([positive, [0.0], negative]))
    return values / values.max()


def float4():
    """e2m1 with the denormal step of bitsandbytes: 0.0625, 2, 3, 4, 6, 8, 12 over 12."""
    positive = np.array([0.0625, 2, 3, 4, 6, 8, 12]) / 12
    return np.sort(np.concatenate([-positive, [0.0], positive]))


CODES = {"dynamic8": dynamic(), "linear8": np.arange(-127, 128) / 127, "nf4": normal_float(), "fp4": float4()}


def blockwise(g, code, block):
    out = np.empty(len(g))
    for start in range(0, len(g), block):
        part = g[start : start + block].double().numpy()
        top = np.abs(part).max()
        scaled = part / top if top > 0 else part
        out[start : start + block] = top * code[np.abs(scaled[:, None] - code[None, :]).argmin(1)]
    return out.tolist()


def ternary(g, share, over_all):
    x = g.double().numpy()
    kept = np.argsort(-np.abs(x))[: int(np.ceil(len(x) * share))]
    out = np.zeros(len(x))
    out[kept] = x[kept]
    mean = np.abs(out).sum() / (len(x) if over_all else len(kept))
    return (np.sign(out) * mean).tolist()


def percentile(g, q, gamma):
    x = g.double().numpy().copy()
    cut = np.percentile(np.abs(x), q)
    x[(x > -cut) & (x < cut)] = 0
    return np.clip(x, -gamma, gamma).tolist()


def power_sgd(m, start):
    """Algorithm 1 of Vogels et al.: m [outputs, rest], start [rest, rank]."""
    p, _ = torch.linalg.qr(m @ start)
    return p @ (m.T @ p).T


def optimal_inertia(x, k):
    """Least sum of squared distances to k centres, by dynamic programming over ranges of the sorted numbers."""
    x = np.sort(x.double().numpy())
    n = len(x)
    s, s2 = np.concatenate([[0], x.cumsum()]), np.concatenate([[0], (x * x).cumsum()])
    cost = lambda i, j: s2[j] - s2[i] - (s[j] - s[i]) ** 2 / (j - i)
    best = [0.0] + [np.inf] * n
    for _ in range(k):
        best = [np.inf] + [min(best[i] + cost(i, j) for i in range(j)) for j in range(1, n + 1)]
        best[0] = 0.0
    return best[n]


def main():
    wide, g = spread(SEED, 60), floats(SEED + 2, 150)
    m = floats(SEED + 3, 12 * 20).double().reshape(20, 12)  # ours: [rest, outputs]
    start = floats(SEED + 4, 20 * 3).double().reshape(20, 3)
    again = start
    table = {
        "wide": wide.tolist(),
        "fp16": wide.clamp(-65504, 65504).half().float().tolist(),
        "bf16": wide.bfloat16().float().tolist(),
        "g": g.tolist(),
        "codes": {name: code.tolist() for name, code in CODES.items()},
        "blockwise": {name: blockwise(g, code, 64) for name, code in CODES.items()},
        "stc": ternary(g, 0.1, False),
        "stcAll": ternary(g, 0.1, True),
        "percentile": percentile(g, 70, 0.9),
        "m": m.flatten().tolist(),
        "start": start.flatten().tolist(),
        "powerSgd": power_sgd(m.T, again).T.flatten().tolist(),
        "svd3": float((torch.linalg.svdvals(m)[3:] ** 2).sum()),
        "inertia6": optimal_inertia(g, 6),
    }
    json.dump(table, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
