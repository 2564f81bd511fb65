#!/usr/bin/env python3
"""One client round of small PyTorch networks: the file before, the file after, the private batch and what the network answers.

usage: python3 test/golden/torch-clients.py > test/golden/torch-clients.json   (Debian's python3-torch)
Everything is computed in float64 and stored in float32; `before` and `after` are files as torch.save and np.savez write them.
"""
import base64, copy, io, json, struct, sys, warnings
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
torch.manual_seed(3)


class Tutorial(nn.Module):
    """Two valid convolutions with overlapping sizes, a flatten, three dense layers, as in the tutorials of Flower."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 4, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16, 12), nn.Linear(12, 8), nn.Linear(8, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 6, 2))
        self.depthwise = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        x = self.layer1(F.relu(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(F.relu6(self.depthwise(x)), 1), 1))


class Transformer(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.class_token = nn.Parameter(torch.randn(1, 1, width) * 0.3)
        self.pos_embedding = nn.Parameter(torch.randn(1, 5, width) * 0.3)
        self.conv_proj = nn.Conv2d(3, width, 5, 5)
        self.ln_1 = nn.LayerNorm(width)
        self.self_attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        x = self.conv_proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1) + self.pos_embedding
        y = self.ln_1(x)
        x = x + self.self_attention(y, y, y, need_weights=False)[0]
        return self.head(self.ln_2(x)[:, 0])


class LeNet5(nn.Module):
    """LeCun's, with sigmoids and average pools, narrower."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 3, 5, padding=2), nn.Conv2d(3, 4, 3)
        self.fc1, self.fc2, self.fc3 = nn.Linear(36, 10), nn.Linear(10, 8), nn.Linear(8, 4)

    def forward(self, x):
        x = F.avg_pool2d(torch.sigmoid(self.conv1(x)), 2)
        x = torch.sigmoid(self.conv2(x))
        x = torch.flatten(x, 1)
        return self.fc3(torch.sigmoid(self.fc2(torch.sigmoid(self.fc1(x)))))


class Mobile(nn.Module):
    """A stem and two inverted bottlenecks, as in torchvision's MobileNetV2."""

    def __init__(self):
        super().__init__()
        part = lambda i, o, k=1, s=1, g=1: [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
        block = lambda i, o, s: nn.Sequential(*part(i, 2 * i), nn.ReLU6(), *part(2 * i, 2 * i, 3, s, 2 * i), nn.ReLU6(), *part(2 * i, o))
        self.features = nn.ModuleList([nn.Sequential(*part(3, 4, 3, 2), nn.ReLU6()), block(4, 4, 1), block(4, 6, 2)])
        self.classifier = nn.Linear(6, 4)

    def forward(self, x):
        stem, same, down = self.features
        x = stem(x)
        x = down(x + same(x))
        return self.classifier(x.mean((2, 3)))


conv = lambda filters, size=3, **more: {"kind": "conv", "filters": filters, "size": size, **more}
kind = lambda name, **more: {"kind": name, **more}
dense = lambda units: kind("dense", units=units, bias=True)
relu, norm = kind("relu"), kind("batchNorm", mode="eval")
LAYERS = {
    "tutorial": [conv(3, padding="valid"), relu, kind("maxPool", size=2), conv(4, padding="valid"), relu, kind("maxPool", size=2),
                 dense(12), relu, dense(8), relu, dense(4)],
    "residual": [conv(4, bias=False), norm, relu,
                 kind("residual", body=[conv(6, stride=2, bias=False), norm, relu, conv(6, bias=False), norm],
                      shortcut=[conv(6, 1, stride=2, bias=False), norm]),
                 relu, conv(6, groups=6), kind("relu6"), kind("globalAveragePool"), dense(4)],
    "lenet-5": [conv(3, 5), kind("sigmoid"), kind("averagePool", size=2), conv(4, padding="valid"), kind("sigmoid"),
                dense(10), kind("sigmoid"), dense(8), kind("sigmoid"), dense(4)],
    "mobile": [conv(4, stride=2, padding=1, bias=False), norm, kind("relu6"),
               kind("residual", body=[conv(8, 1, bias=False), norm, kind("relu6"), conv(8, groups=8, bias=False), norm, kind("relu6"), conv(4, 1, bias=False), norm], shortcut=[]),
               conv(8, 1, bias=False), norm, kind("relu6"), conv(8, groups=8, stride=2, padding=1, bias=False), norm, kind("relu6"), conv(6, 1, bias=False), norm,
               kind("globalAveragePool"), dense(4)],
    "transformer": [kind("patchEmbedding", size=5, units=8), kind("classToken"), kind("positions"),
                    kind("residual", body=[kind("layerNorm"), kind("attention", heads=2)], shortcut=[]),
                    kind("layerNorm"), kind("takeToken"), dense(4)],
}


def train_mode(layers):
    """The same layers with batch statistics."""
    def one(layer):
        layer = {k: train_mode(v) if isinstance(v, list) and v and isinstance(v[0], dict) else v for k, v in layer.items()}
        return {**layer, "mode": "train"} if layer["kind"] == "batchNorm" else layer
    return [one(layer) for layer in layers]


def b64(write):
    buffer = io.BytesIO()
    write(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def safetensors(state):
    """As Hugging Face's library writes them: wide types first, then by name."""
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for key, value in sorted(state.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = value.contiguous().numpy().tobytes()
        header[key] = {"dtype": names[value.dtype], "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def as_onnx(net, size):
    """The network before the round, its batch norms kept apart."""
    copied = copy.deepcopy(net).float().eval()
    return b64(lambda f: torch.onnx.export(copied, torch.rand(1, 3, size, size), f, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=13))


def as_file(net, form):
    state = {k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    if form == "safetensors":
        return b64(lambda f: f.write(safetensors(state)))
    if form == "npz":
        return b64(lambda f: np.savez(f, *[v.numpy() for v in state.values()]))
    if form == "module":
        return b64(lambda f: torch.save({"epoch": 1, "state_dict": {f"module.{k}": v for k, v in state.items()}, "optimizer": {"buf": torch.ones(3)}}, f))
    if form == "legacy":
        return b64(lambda f: torch.save(state, f, _use_new_zipfile_serialization=False))
    return b64(lambda f: torch.save(state, f))


def client(name, net, form, *, train=False, steps=1, optimizer=None, settings=None, lr=0.1, onnx=False, pixels=False):
    net = net.double()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    # what a float32 file keeps
    net.load_state_dict({k: v.float().double() if v.is_floating_point() else v for k, v in net.state_dict().items()})
    size = 14 if name.startswith("tutorial") else 10
    images = (torch.randint(0, 17, (3, 3, size, size)) / 16).double()
    if pixels:  # as a picture file keeps them
        images = (torch.randint(0, 256, (3, 3, size, size)).float() / 255).double()
    labels = torch.tensor([2, 0, 3])
    net.eval()
    logits = net(images).detach()
    before = as_file(net, form)
    network = as_onnx(net, size) if onnx else None
    net.train(train)
    make = optimizer or (lambda p: torch.optim.SGD(p, lr=lr))
    opt = make(net.parameters())
    for _ in range(steps):
        opt.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        opt.step()
    return {
        "name": name,
        "layers": train_mode(LAYERS[name.split(",")[0]]) if train else LAYERS[name.split(",")[0]],
        "imageShape": [size, size, 3], "classes": 4,
        "images": images.permute(0, 2, 3, 1).reshape(-1).tolist(), "labels": labels.tolist(),
        "logits": logits.reshape(-1).tolist(),
        "client": {"localSteps": steps, "learningRate": lr, **(settings or {})},
        "before": before, "after": as_file(net, form), **({"network": network} if onnx else {}),
    }


if __name__ == "__main__":
    momentum = lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)
    adam = lambda p: torch.optim.Adam(p, lr=0.01)
    cases = [
        client("tutorial", Tutorial(), "pt"),
        client("tutorial, npz, five steps with momentum", Tutorial(), "npz", steps=5, optimizer=momentum, settings={"optimizer": {"kind": "sgd", "momentum": 0.9}}),
        client("tutorial, three steps of Adam", Tutorial(), "module", steps=3, optimizer=adam, lr=0.01, settings={"optimizer": {"kind": "adam"}}),
        client("residual", Residual(), "legacy"),
        client("residual, batch statistics", Residual(), "module", train=True),
        client("residual, npz", Residual(), "npz"),
        client("transformer", Transformer(), "pt", steps=2),
        client("lenet-5, safetensors, two steps of Adam", LeNet5(), "safetensors", steps=2, optimizer=adam, lr=0.01, settings={"optimizer": {"kind": "adam"}}, onnx=True),
        client("lenet-5, npz, three steps with momentum", LeNet5(), "npz", steps=3, optimizer=momentum, settings={"optimizer": {"kind": "sgd", "momentum": 0.9}}),
        client("tutorial, safetensors", Tutorial(), "safetensors", onnx=True, pixels=True),
        client("residual, safetensors, batch statistics, two steps with momentum", Residual(), "safetensors", train=True, steps=2, optimizer=momentum, settings={"optimizer": {"kind": "sgd", "momentum": 0.9}}, onnx=True),
        client("residual, three steps of Adam", Residual(), "pt", steps=3, optimizer=adam, lr=0.01, settings={"optimizer": {"kind": "adam"}}),
        client("mobile, safetensors", Mobile(), "safetensors", onnx=True, pixels=True),
        client("mobile, npz, batch statistics, two steps with momentum", Mobile(), "npz", train=True, steps=2, optimizer=momentum, settings={"optimizer": {"kind": "sgd", "momentum": 0.9}}),
        client("mobile, legacy, two steps of Adam", Mobile(), "legacy", steps=2, optimizer=adam, lr=0.01, settings={"optimizer": {"kind": "adam"}}),
        client("transformer, safetensors, three steps with momentum", Transformer(), "safetensors", steps=3, optimizer=momentum, settings={"optimizer": {"kind": "sgd", "momentum": 0.9}}, onnx=True),
        client("transformer, npz, two steps of Adam", Transformer(), "npz", steps=2, optimizer=adam, lr=0.01, settings={"optimizer": {"kind": "adam"}}),
    ]
    json.dump(cases, sys.stdout)
