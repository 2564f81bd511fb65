#!/usr/bin/env python3
"""Clients' rounds in PyTorch: seven networks, each with SGD, momentum and Adam; every file in every format.

usage: python3 test/audit/torch-product.py FOLDER    (PyTorch and numpy; nothing else)
Writes NAME-before and NAME-OPTIMIZER (after the round), each as .pt, .npz, .safetensors and .onnx (as it trains);
NAME.csv (the private pictures) and rounds.json.
"""
import base64, copy, importlib.util, inspect, json, pathlib, sys, warnings
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
torch.manual_seed(5)
torch.set_num_threads(1)
here = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("clients", here.parent / "golden" / "torch-clients.py")
clients = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clients)
folder = pathlib.Path(sys.argv[1])


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 8, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(200, 40), nn.Linear(40, 20), nn.Linear(20, 4)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(torch.flatten(x, 1))))))


class Flower(nn.Module):
    """The network of Flower's PyTorch quickstart, 4 classes."""

    def __init__(self):
        super().__init__()
        self.conv1, self.pool, self.conv2 = nn.Conv2d(3, 6, 5), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 84), nn.Linear(84, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.view(-1, 16 * 5 * 5))))))


class BasicBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        shortcut = stride > 1 or i != o
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if shortcut else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """All eighteen layers, 4 to 16 channels wide, with the stem for small pictures."""

    def __init__(self, widths=(4, 6, 8, 12)):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0])
        blocks, i = [], widths[0]
        for n, o in enumerate(widths):
            blocks += [nn.Sequential(BasicBlock(i, o, 1 if n == 0 else 2), BasicBlock(o, o, 1))]
            i = o
        self.layer1, self.layer2, self.layer3, self.layer4 = blocks
        self.fc = nn.Linear(i, 4)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(c, 3, 1), nn.Conv2d(3, c, 1)

    def forward(self, x):
        return F.hardsigmoid(self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1))))) * x


class MobileV3(nn.Module):
    """A stem, an inverted bottleneck with squeeze and excitation, and hard swish, as torchvision's MobileNetV3."""

    def __init__(self):
        super().__init__()
        part = lambda i, o, k=1, s=1, g=1: [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
        stem = nn.Sequential(*part(3, 4, 3, 2), nn.Hardswish())
        block = nn.Sequential(*part(4, 8), nn.Hardswish(), *part(8, 8, 5, 1, 8), nn.Hardswish(), Gate(8), *part(8, 4))
        self.features = nn.ModuleList([stem, block])
        self.classifier = nn.Sequential(nn.Linear(4, 10), nn.Hardswish(), nn.Linear(10, 4))

    def forward(self, x):
        stem, block = self.features
        x = stem(x)
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x + block(x), 1), 1))


class Shuffle(nn.Module):
    """One unit of ShuffleNet v2, with learned slopes and mirrored edges around it."""

    def __init__(self):
        super().__init__()
        self.stem, self.slope = nn.Conv2d(3, 8, 3, 2, 1, padding_mode="reflect"), nn.PReLU(8)
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 1), nn.PReLU(), nn.Conv2d(4, 4, 3, 1, 1, groups=4), nn.Conv2d(4, 4, 1), nn.ReLU())
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        a, b = self.slope(self.stem(x)).chunk(2, 1)
        x = torch.cat([a, self.branch(b)], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.fc(x.mean((2, 3)))


NETWORKS = {
    "lenet-5": (LeNet5, 32), "flower": (Flower, 32), "resnet-18": (ResNet18, 16), "mobile": (clients.Mobile, 16), "vit": (clients.Transformer, 10),
    "mobile-v3": (MobileV3, 16), "shuffle": (Shuffle, 16),
}
# Adam divides small gradients by their size, rounding errors too (the bias of attention's keys has no other): a larger epsilon keeps 1e-5
adam = lambda name: {"kind": "adam", "epsilon": 1e-2 if name == "vit" else 1e-3}
OPTIMIZERS = {
    "sgd": (lambda p, name: torch.optim.SGD(p, lr=0.05), lambda name: {"kind": "sgd"}, 0.05),
    "momentum": (lambda p, name: torch.optim.SGD(p, lr=0.02, momentum=0.9), lambda name: {"kind": "sgd", "momentum": 0.9}, 0.02),
    "adam": (lambda p, name: torch.optim.Adam(p, lr=0.002, eps=adam(name)["epsilon"]), adam, 0.002),
}
BATCH, STEPS = 3, 2


def write(net, stem, size):
    for form in ("pt", "npz", "safetensors"):
        (folder / f"{stem}.{form}").write_bytes(base64.b64decode(clients.as_file(net, form)))
    as_onnx(net, folder / f"{stem}.onnx", size)


# today's exporter folds batch norms and takes them as in evaluation; PyTorch of before 2.5 has the older one alone
OLDER = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}


def as_onnx(net, path, size):
    """As it trains: batch norms keep their own statistics, nothing is folded."""
    copied = copy.deepcopy(net).float()
    norms = any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    torch.onnx.export(copied, torch.rand(BATCH, 3, size, size), str(path), training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=14, **(OLDER if norms else {}))


rounds = []
for name, (make, size) in NETWORKS.items():
    start = make().double().train()
    for module in start.modules():
        if isinstance(module, nn.BatchNorm2d) and name in ("resnet-18", "mobile-v3"):
            nn.init.uniform_(module.bias, 0.1, 0.4)  # relative to 0 nothing agrees
    start.load_state_dict({k: v.float().double() if v.is_floating_point() else v for k, v in start.state_dict().items()})
    pixels = torch.randint(0, 256, (BATCH, 3, size, size))
    images, labels = (pixels.float() / 255).double(), torch.tensor([2, 0, 3])
    table = [["label", *(f"pixel{i}" for i in range(3 * size * size))]]
    table += [[int(y), *map(int, x.permute(1, 2, 0).flatten())] for y, x in zip(labels, pixels)] + [[1, *map(int, pixels[0].permute(1, 2, 0).flatten())]]
    (folder / f"{name}.csv").write_text("\n".join(",".join(map(str, row)) for row in table))
    write(start, f"{name}-before", size)
    for optimizer, (build, settings, rate) in OPTIMIZERS.items():
        net = copy.deepcopy(start)
        step = build(net.parameters(), name)
        for _ in range(STEPS):
            step.zero_grad()
            F.cross_entropy(net(images), labels).backward()
            step.step()
        write(net, f"{name}-{optimizer}", size)
        rounds.append({"network": name, "size": size, "optimizer": optimizer, "labels": labels.tolist(),
                       "client": {"localSteps": STEPS, "learningRate": rate, "optimizer": settings(name)}})
(folder / "rounds.json").write_text(json.dumps(rounds))
