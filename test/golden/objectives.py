"""Every objective and every prior of the attacks with its gradient, from the formulas of their comments, in float64."""
import torch
import torch.nn.functional as F

from streams import uniform

# the last tensor is one of zeros, which no quantizer gives a step
SHAPES = [(3, 4), (5,), (2,)]
STEPS = [0.25, 0.4, 0.0]
THRESHOLDS = [0.3, 0.2, 0.0]


def observed(seed):
    """Entries below the threshold are 0, as after top-k."""
    tensors = [uniform(seed + 10 + k, shape, -1, 1) for k, shape in enumerate(SHAPES)]
    return [torch.where(q.abs() < t, torch.zeros_like(q), q) for q, t in zip(tensors[:-1], THRESHOLDS)] + [0 * tensors[-1]]


def joined(parts):
    return torch.cat([part.flatten() for part in parts])


def objectives(g, q):
    g_all, q_all = joined(g), joined(q)
    kept = joined([(b != 0).double() for b in q])
    cosine = lambda a, b: 1 - (a * b).sum() / (a.norm() * b.norm())
    square = ((g_all - q_all) ** 2).sum()
    masked = cosine(g_all * kept, q_all)
    magnitude = q_all.abs().sum()
    above = sum((F.relu(a.abs() - t) * (b == 0)).sum() for a, b, t in zip(g, q, THRESHOLDS))
    width = [torch.where(b == 0, torch.tensor(t), torch.tensor(s)) for b, s, t in zip(q, STEPS, THRESHOLDS)]
    outside = sum(F.relu((a - b).abs() - w).sum() for a, b, w in zip(g, q, width))

    def surprise(a, b, step):
        away = (a - b).abs() / step
        inside = -torch.log(1 - away.clamp(max=1) + 0.05)
        return (inside + 20 * (away - 1).clamp(min=0)).sum()

    # a tensor without a step is off by nothing, everywhere: -log 1.05 an entry
    surprises = sum(surprise(a, b, s) if s else surprise(0 * a, b, 1.0) for a, b, s in zip(g, q, STEPS))
    steps = sum(b.abs().sum() / s for b, s in zip(q, STEPS) if s)
    return {
        "l2": square,
        "exactL2": square,
        "relativeL2": square / (q_all**2).sum(),
        "cosine": cosine(g_all, q_all),
        "maskedCosine": masked,
        "sparse": masked + 0.5 * ((g_all * kept).norm() / q_all.norm() - 1) ** 2 + 0.2 * above / magnitude,
        "stochasticRounding": surprises / steps,
        "interval": outside / magnitude,
        "wrongSign": sum(F.relu(-a * b).sum() / a.abs().sum() for a, b in zip(g, q)),
    }


def priors(x):
    """x: [n, h, w, c]"""
    down, right = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    tv = down.abs().mean() + right.abs().mean()
    edges = (down[:, :, :-1] ** 2 + right[:, :-1] ** 2).sum(3)
    return {"tv": tv, "tvL2": tv + 0.01 * (x**2).mean(), "colorTv": (edges + 1e-6).sqrt().mean()}


def consistency(x, members, weight):
    """x: [members * batch, h, w, c]"""
    groups = x.reshape(members, -1)
    return weight * ((groups - groups.mean(0)) ** 2).mean(1).sum()


def latent(point, anchor, size, weights):
    """point: [n, 1, 1, d], of which `size` are latent and the others offsets of features"""
    z, offsets = point[..., :size], point[..., size:]
    tie = ((z - anchor[..., :size]) ** 2).mean()
    return weights["prior"] * (z**2).mean() + weights["tie"] * tie + weights["relax"] * (offsets**2).mean()


def with_gradient(value, *inputs):
    gradients = torch.autograd.grad(value, inputs, retain_graph=True, allow_unused=True)
    filled = [torch.zeros_like(x) if d is None else d for x, d in zip(inputs, gradients)]
    return {"value": float(value), "gradient": joined(filled).tolist()}


def table(seed):
    g = [uniform(seed + k, shape, -1, 1).requires_grad_(True) for k, shape in enumerate(SHAPES)]
    q = observed(seed)
    x = uniform(seed + 20, (2, 4, 3, 3)).requires_grad_(True)
    group = uniform(seed + 30, (6, 2, 3, 1)).requires_grad_(True)
    point = uniform(seed + 40, (2, 1, 1, 5), -1, 1).requires_grad_(True)
    anchor = uniform(seed + 41, (2, 1, 1, 5), -1, 1)
    weights = {"prior": 0.3, "tie": 0.7, "relax": 1.1}
    return {
        "seed": seed,
        "update": {"shapes": SHAPES, "tolerance": STEPS, "zeroTolerance": THRESHOLDS, "observed": [b.flatten().tolist() for b in q]},
        "objectives": {name: with_gradient(value, *g) for name, value in objectives(g, q).items()},
        "priors": {"shape": list(x.shape), **{name: with_gradient(value, x) for name, value in priors(x).items()}},
        "consistency": {"shape": list(group.shape), "members": 3, "weight": 7, **with_gradient(consistency(group, 3, 7), group)},
        "latent": {"shape": list(point.shape), "size": 3, "weights": weights, **with_gradient(latent(point, anchor, 3, weights), point)},
    }
