"""Updates of clients with every optimizer, order and schedule, and their gradients in the images, in float64; see make.py.

The network is conv 3x3 (3 filters, padding 1, bias), sigmoid, dense 4 with bias, on five 6x6 images of two channels. The update of every
case is (w0 - w_tau) / learning rate; the gradient in the images is that of sum(update * r), r = U(-1, 1), by autograd through the
optimizers' rules written out, which are checked against torch.optim itself to 1e-12.
"""
import math

import torch

from streams import parameters, uniform

SHAPES = [(3, 2, 3, 3), (3,), (4, 108), (4,)]
BATCH, LABELS = 5, [0, 2, 1, 3, 2]
Y = torch.tensor(LABELS)


def weights(seed):
    return [w.detach() for w in parameters(seed, SHAPES)]


def loss(w, x, y):
    hidden = torch.sigmoid(torch.nn.functional.conv2d(x, w[0], w[1], padding=1))
    return torch.nn.functional.cross_entropy(hidden.flatten(1) @ w[2].T + w[3], y)


def by_hand(case, x, y, start):
    """(delta, loss at w0), differentiable in x."""
    kind, o, rate = case["optimizer"]["kind"], case["optimizer"], case["learningRate"]
    w0 = [w.detach().clone().to(x.dtype).requires_grad_(True) for w in start]
    w, first = list(w0), None
    m, v = [torch.zeros_like(a) for a in w], [torch.zeros_like(a) for a in w]
    for t, (rows, factor) in enumerate(zip(case["rows"], case["factors"])):
        value = loss(w, x[rows], y[rows])
        first = value if first is None else first
        free = [k for k in range(len(w)) if k not in case.get("frozen", [])]
        grads = torch.autograd.grad(value, [w[k] for k in free], create_graph=True)
        decay = o.get("weightDecay", 0.01 if kind == "adamw" else 0.0)
        for k, g in zip(free, grads):
            if kind == "sgd":
                g = g + decay * w[k]
                mu = o.get("momentum", 0.0)
                m[k] = mu * m[k] + g
                move = g + mu * m[k] if o.get("nesterov") else m[k]
            else:
                b1, b2, eps = o.get("beta1", 0.9), o.get("beta2", 0.999), o.get("epsilon", 1e-8)
                g = g + decay * w[k] if kind == "adam" else g
                m[k] = b1 * m[k] + (1 - b1) * g
                v[k] = b2 * v[k] + (1 - b2) * g * g
                move = (m[k] / (1 - b1 ** (t + 1))) / ((v[k] / (1 - b2 ** (t + 1))).sqrt() + eps)
                move = move + decay * w[k] if kind == "adamw" else move
            w[k] = w[k] - rate * factor * move
    return [(a - b) / rate for a, b in zip(w0, w)], first


def by_torch(case, x, y, start):
    """w0 - w_tau over the learning rate, by torch.optim."""
    o, rate = case["optimizer"], case["learningRate"]
    w = [a.detach().clone().requires_grad_(k not in case.get("frozen", [])) for k, a in enumerate(start)]
    if o["kind"] == "sgd":
        optimizer = torch.optim.SGD(w, rate, momentum=o.get("momentum", 0), nesterov=o.get("nesterov", False), weight_decay=o.get("weightDecay", 0))
    else:
        make = torch.optim.Adam if o["kind"] == "adam" else torch.optim.AdamW
        decay = {"weight_decay": o["weightDecay"]} if "weightDecay" in o else {}
        optimizer = make(w, rate, betas=(o.get("beta1", 0.9), o.get("beta2", 0.999)), eps=o.get("epsilon", 1e-8), **decay)
    for rows, factor in zip(case["rows"], case["factors"]):
        optimizer.param_groups[0]["lr"] = rate * factor
        optimizer.zero_grad()
        loss(w, x[rows], y[rows]).backward()
        optimizer.step()
    return [(a - b.detach()) / rate for a, b in zip(start, w)]


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def summary(x, every):
    flat = x.detach().flatten()
    at = {str(i): float(f"{flat[i].item():.10g}") for i in range(0, len(flat), every)}
    return {"shape": list(x.shape), "l2": flat.norm().item(), "sum": flat.sum().item(), "at": at}


def compared(name, settings, delta_of, seed):
    """The case as JSON: `delta_of(x)` gives update and loss."""
    x = uniform(seed + 100, (BATCH, 2, 6, 6)).requires_grad_(True)
    delta, first = delta_of(x)
    r = [uniform(seed + 200 + k, d.shape, -1, 1) for k, d in enumerate(delta)]
    gradient = torch.autograd.grad(sum((d * w).sum() for d, w in zip(delta, r)), x)[0]
    single = x.detach().float().requires_grad_(True)
    delta32, _ = delta_of(single)
    gradient32 = torch.autograd.grad(sum((d * w.float()).sum() for d, w in zip(delta32, r)), single)[0]
    off = lambda a, b: float(((a.detach().double() - b.detach()).norm() / b.detach().norm().clamp(min=1e-30)))
    return {
        "name": name,
        **settings,
        "loss": float(first),
        "update": [summary(d, 1 if d.numel() < 10 else 11) for d in delta],
        "gradient": summary(channels_last(gradient), 11),
        "float32Error": {"update": max(off(a, b) for a, b in zip(delta32, delta)), "gradient": off(gradient32, gradient)},
    }


def single(seed, name, optimizer, steps, rate, rows=None, factors=None, **frozen):
    case = {"optimizer": optimizer, "learningRate": rate, **frozen}
    case["rows"] = rows or [list(range(BATCH))] * steps
    case["factors"] = factors or [1.0] * steps
    assert len(case["rows"]) == len(case["factors"]) == steps
    x, start = uniform(seed + 100, (BATCH, 2, 6, 6)), weights(seed)
    for a, b in zip(by_hand(case, x, Y, start)[0], by_torch(case, x, Y, start)):
        assert (a - b).abs().max() < 1e-12 * max(1, 1 / rate), (name, (a - b).abs().max())
    return compared(name, case, lambda x: by_hand(case, x, Y, start), seed)


def averaged(seed, name, optimizer, steps, rate, parts):
    """Several clients, each on its own rows of the images, weighted by its number of images."""
    settings = {"optimizer": optimizer, "learningRate": rate, "parts": parts, "steps": steps}
    local = [{"optimizer": optimizer, "learningRate": rate, "rows": [rows] * steps, "factors": [1.0] * steps} for rows in parts]
    start, share = weights(seed), [len(rows) / BATCH for rows in parts]

    def delta_of(x):
        each = [by_hand(case, x, Y, start) for case in local]
        mean = [sum(s * delta[k] for s, (delta, _) in zip(share, each)) for k in range(len(SHAPES))]
        return mean, sum(s * first for s, (_, first) in zip(share, each))

    return compared(name, settings, delta_of, seed)


def table(seed):
    cyclic = lambda steps: [[[0, 1], [2, 3], [4]][t % 3] for t in range(steps)]
    shuffled = [[3, 0], [4, 2], [1], [2, 4], [0, 1], [3]]
    cosine = lambda steps: [(1 + math.cos(math.pi * t / steps)) / 2 for t in range(steps)]
    sgd = lambda **more: {"kind": "sgd", **more}
    adam = lambda **more: {"kind": "adam", **more}
    run = lambda *case, **frozen: single(seed, *case, **frozen)
    cases = [
        run("plain SGD", sgd(), 3, 0.3),
        run("plain SGD, many steps", sgd(), 12, 0.3),
        run("momentum", sgd(momentum=0.9), 4, 0.1),
        run("momentum, many steps", sgd(momentum=0.9), 12, 0.1),
        run("Nesterov with weight decay", sgd(momentum=0.8, nesterov=True, weightDecay=0.05), 5, 0.1),
        run("Nesterov with weight decay, many steps", sgd(momentum=0.8, nesterov=True, weightDecay=0.05), 11, 0.1),
        run("weight decay alone", sgd(weightDecay=0.1), 2, 0.2),
        run("Adam, one step, large epsilon", adam(epsilon=1e-2), 1, 0.01),
        run("Adam", adam(), 4, 0.01),
        run("Adam, many steps", adam(), 10, 0.01),
        run("Adam with weight decay, large epsilon", adam(weightDecay=0.02, epsilon=1e-3, beta1=0.8, beta2=0.99), 5, 0.01),
        run("AdamW", {"kind": "adamw"}, 4, 0.01),
        run("AdamW, many steps", {"kind": "adamw", "weightDecay": 0.1}, 10, 0.01),
        run("ragged mini-batches in order", sgd(), 6, 0.2, cyclic(6)),
        run("ragged mini-batches in order, momentum, many steps", sgd(momentum=0.9), 12, 0.05, cyclic(12)),
        run("shuffled mini-batches", sgd(), 6, 0.2, shuffled),
        run("shuffled mini-batches, Adam, cosine, many steps", adam(), 12, 0.01, shuffled * 2, cosine(12)),
        run("cosine schedule, momentum", sgd(momentum=0.9), 6, 0.1, None, cosine(6)),
        averaged(seed, "a mean of two clients", sgd(), 3, 0.3, [[0, 1, 2], [3, 4]]),
        averaged(seed, "a mean of two clients, momentum, many steps", sgd(momentum=0.9), 6, 0.1, [[0, 1, 2], [3, 4]]),
        averaged(seed, "a mean of three clients, one step", sgd(), 1, 0.1, [[0, 1], [2], [3, 4]]),
        run("a schedule with a pause, many steps", sgd(), 10, 0.2, None, [1, 0.5, 0, 0.25] + [0.1] * 6),
        run("the convolution frozen, momentum and weight decay", sgd(momentum=0.9, weightDecay=0.05), 4, 0.1, frozen=[0, 1]),
        run("the head frozen, Adam, many steps", adam(), 10, 0.01, frozen=[2, 3]),
        run("a bias frozen, AdamW, mini-batches", {"kind": "adamw"}, 6, 0.01, cyclic(6), frozen=[1]),
        run("the head alone trained, one step", sgd(), 1, 0.1, frozen=[0, 1]),
    ]
    seeds = {"weights": seed, "images": seed + 100, "weighting": seed + 200}
    return {"note": "arrays NCHW/OIHW, flatten order c,h,w; gradient [n, h, w, c]", "seeds": seeds, "labels": LABELS, "cases": cases}
