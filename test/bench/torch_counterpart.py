"""The closure and the training step of `roglab bench` in PyTorch, for `roglab bench --against "python3 test/bench/torch_counterpart.py"`.

Written as the field writes it (autograd.grad with create_graph through the local steps), without avoidable waste: the
second backward asks for the latent's gradient only, and nothing is copied between evaluations. It needs torch alone.
"""
import argparse
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F


def lenet(x, p, size):
    x = F.relu(F.max_pool2d(F.conv2d(x, p[0], p[1], padding=2), 2))
    x = F.relu(F.max_pool2d(F.conv2d(x, p[2], p[3], padding=2), 2))
    return F.linear(F.relu(F.linear(x.flatten(1), p[4])), p[5])


def lenet_shapes(size, classes):
    return [(32, 3, 5, 5), (32,), (64, 32, 5, 5), (64,), (512, 64 * (size // 4) ** 2), (classes, 512)]


def vgg7(x, p, size):
    for k in range(3):
        w1, b1, w2, b2 = p[4 * k : 4 * k + 4]
        x = F.relu(F.conv2d(x, w1, b1, padding=1))
        x = F.relu(F.max_pool2d(F.conv2d(x, w2, b2, padding=1), 2))
    return F.linear(F.relu(F.linear(x.flatten(1), p[12])), p[13])


def vgg7_shapes(size, classes):
    shapes, before = [], 3
    for filters in (128, 256, 512):
        shapes += [(filters, before, 3, 3), (filters,), (filters, filters, 3, 3), (filters,)]
        before = filters
    return shapes + [(1024, 512 * (size // 8) ** 2), (classes, 1024)]


BLOCKS = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]


def resnet18(x, p, size):
    queue = iter(p)
    x = F.relu(F.conv2d(x, next(queue), stride=2, padding=3))
    for _, _, stride in BLOCKS:
        body = F.conv2d(F.relu(F.conv2d(x, next(queue), stride=stride, padding=1)), next(queue), padding=1)
        x = F.relu(body + (F.conv2d(x, next(queue), stride=stride) if stride > 1 else x))
    return F.linear(F.adaptive_avg_pool2d(x, 8).flatten(1), next(queue))


def resnet18_shapes(size, classes):
    shapes = [(64, 3, 7, 7)]
    for before, filters, stride in BLOCKS:
        shapes += [(filters, before, 3, 3), (filters, filters, 3, 3)]
        if stride > 1:
            shapes.append((filters, before, 1, 1))
    return shapes + [(classes, 512 * 64)]


NETWORKS = {"lenet": (lenet, lenet_shapes), "vgg7": (vgg7, vgg7_shapes), "paperResnet18": (resnet18, resnet18_shapes)}
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def parameters(shapes):
    result, bound = [], 1.0
    for shape in shapes:
        if len(shape) > 1:
            bound = 1 / math.sqrt(math.prod(shape[1:]))
        result.append(torch.empty(shape).uniform_(-bound, bound).requires_grad_())
    return result


def local_update(network, weights, x, y, steps, rate, size, graph):
    """(w0 - w_tau) / rate, differentiable when `graph` is set."""
    total = None
    for t in range(steps):
        grads = torch.autograd.grad(F.cross_entropy(network(x, weights, size), y), weights, create_graph=graph)
        total = grads if total is None else [a + b for a, b in zip(total, grads)]
        if t + 1 < steps:
            weights = [w - rate * g for w, g in zip(weights, grads)]
            if not graph:
                weights = [w.detach().requires_grad_() for w in weights]
    return total


def closure(network, weights, y, a):
    size = a.size
    with torch.enable_grad():
        truth = torch.rand(a.batch, 3, size, size)
        target = [t.detach() for t in local_update(network, weights, truth, y, a.local_steps, 0.003, size, False)]
    z = torch.rand(a.batch, 3, size // 4, size // 4, requires_grad=True)

    def evaluate():
        x = F.interpolate(z, scale_factor=4, mode="bicubic", align_corners=False)
        update = local_update(network, weights, x, y, a.local_steps, 0.003, size, True)
        objective = sum(((u - t) ** 2).sum() for u, t in zip(update, target))
        (gradient,) = torch.autograd.grad(objective, [z])
        return objective.item(), gradient.cpu()

    return evaluate


def train(network, weights, y, a):
    x = torch.rand(a.batch, 3, a.size, a.size)

    def evaluate():
        loss = F.cross_entropy(network(x, weights, a.size), y)
        grads = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, g in zip(weights, grads):
                w -= 0.01 * g
        return loss.item()

    return evaluate


def privately(network, weights, y, a):
    """Every example's gradient, as Opacus and functorch compute them, clipped to norm 2 by tensor and noised at 0 dB."""
    x = torch.rand(a.batch, 3, a.size, a.size)
    loss = lambda p, image, label: F.cross_entropy(network(image[None], p, a.size), label[None])
    try:
        try:
            from torch.func import grad, vmap
        except ImportError:  # before 2.0
            from functorch import grad, vmap

        gradients = vmap(grad(loss), in_dims=(None, 0, 0))
    except ImportError:
        one = lambda i: torch.autograd.grad(loss(weights, x[i], y[i]), weights)
        gradients = lambda *_: [torch.stack(each) for each in zip(*map(one, range(a.batch)))]

    def evaluate():
        each = gradients(tuple(weights), x, y)
        with torch.no_grad():
            for w, g in zip(weights, each):
                norms = g.flatten(1).norm(dim=1)
                shares = (2 / norms.clamp(min=1e-30)).clamp(max=1)
                sigma = (shares * norms).square().sum().div(w.numel()).sqrt()
                total = torch.tensordot(shares, g, 1)
                w -= 0.01 / a.batch * (total + sigma * torch.randn_like(total))

    return evaluate


def main():
    flags = argparse.ArgumentParser()
    for name, kind in {"kind": str, "model": str, "size": int, "batch": int, "local-steps": int, "threads": int}.items():
        flags.add_argument(f"--{name}", type=kind, required=True)
    flags.add_argument("--classes", type=int, default=10)
    flags.add_argument("--device", default="cpu")
    a = flags.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    if a.device != "cpu":
        torch.set_default_device(a.device)
    begin = time.perf_counter()
    network, shapes = NETWORKS[a.model]
    weights = parameters(shapes(a.size, a.classes))
    y = torch.arange(a.batch) % a.classes
    evaluate = {"closure": closure, "train": train, "private": privately}[a.kind](network, weights, y, a)
    evaluate()
    setup = round((time.perf_counter() - begin) * 1000)
    print(json.dumps({"engine": f"torch {torch.__version__} ({a.threads} threads)" if a.device == "cpu" else f"torch {torch.__version__} ({a.device})", "threads": a.threads, "compileMs": setup}), flush=True)
    for line in sys.stdin:
        ms, cpu = [], time.process_time()
        for _ in range(int(line)):
            start = time.perf_counter()
            evaluate()
            ms.append((time.perf_counter() - start) * 1000)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        cpu_ms = (time.process_time() - cpu) * 1000 / len(ms)
        print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "rssMb": peak}), flush=True)


if __name__ == "__main__":
    main()
