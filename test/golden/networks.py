"""The paper's networks and a client's update, as plain functions of parameters and pictures [n, c, h, w]."""
import torch
import torch.nn.functional as F

STAGES = ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1))


def lenet_shapes(size, classes):
    return [(32, 3, 5, 5), (32,), (64, 32, 5, 5), (64,), (512, 64 * (size // 4) ** 2), (classes, 512)]


def lenet(p, x):
    for kernel, bias in ((p[0], p[1]), (p[2], p[3])):
        x = F.max_pool2d(F.relu(F.conv2d(x, kernel, bias, padding=2)), 2)
    return F.relu(x.flatten(1) @ p[4].T) @ p[5].T


def vgg7_shapes(size, classes):
    blocks = [s for i, o in ((3, 128), (128, 256), (256, 512)) for s in ((o, i, 3, 3), (o,), (o, o, 3, 3), (o,))]
    return blocks + [(1024, 512 * (size // 8) ** 2), (classes, 1024)]


def vgg7(p, x):
    for k in (0, 4, 8):
        x = F.relu(F.conv2d(x, p[k], p[k + 1], padding=1))
        x = F.max_pool2d(F.relu(F.conv2d(x, p[k + 2], p[k + 3], padding=1)), 2)
    return F.relu(x.flatten(1) @ p[12].T) @ p[13].T


def resnet18_shapes(_, classes):
    shapes, width = [(64, 3, 7, 7)], 64
    for planes, stride in STAGES:
        shapes += [(planes, width, 3, 3), (planes, planes, 3, 3)]
        if stride != 1 or width != planes:
            shapes.append((planes, width, 1, 1))
        width = planes
    return shapes + [(classes, 512 * 64)]


def resnet18(p, x):
    rest, width = iter(p), 64
    x = F.relu(F.conv2d(x, next(rest), stride=2, padding=3))
    for planes, stride in STAGES:
        first, second = next(rest), next(rest)
        shortcut = F.conv2d(x, next(rest), stride=stride) if stride != 1 or width != planes else x
        x = F.relu(F.conv2d(F.relu(F.conv2d(x, first, stride=stride, padding=1)), second, padding=1) + shortcut)
        width = planes
    return F.adaptive_avg_pool2d(x, (8, 8)).flatten(1) @ next(rest).T


NETWORKS = {"lenet": (lenet, lenet_shapes), "vgg7": (vgg7, vgg7_shapes), "resnet18": (resnet18, resnet18_shapes)}


def cross_entropy(logits, targets):
    return -(targets * F.log_softmax(logits, 1)).sum(1).mean()


def update(network, weights, x, targets, steps, rate, graph):
    """(w0 - w_tau) / rate of plain gradient steps on the whole batch: for one step the gradient."""
    if steps == 1:
        return list(torch.autograd.grad(cross_entropy(network(weights, x), targets), weights, create_graph=graph))
    moved = weights
    for _ in range(steps):
        loss = cross_entropy(network(moved, x), targets)
        gradients = torch.autograd.grad(loss, moved, create_graph=True)
        moved = [w - rate * g for w, g in zip(moved, gradients)]
    return [(w - m) / rate for w, m in zip(weights, moved)]
