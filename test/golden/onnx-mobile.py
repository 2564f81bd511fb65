#!/usr/bin/env python3
"""Networks with gates, learned slopes, mirrored edges and moved channels as PyTorch exports them, with answers in float64.

usage: python3 test/golden/onnx-mobile.py > test/golden/onnx-mobile.json   (Debian's python3-torch)
"""
import base64, io, json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, flat, pooled

warnings.simplefilter("ignore")
torch.manual_seed(6)


class Gate(nn.Module):
    """Squeeze and excitation by 1x1 convolutions, as torchvision's."""

    def __init__(self, c, last):
        super().__init__()
        self.a, self.b, self.last = nn.Conv2d(c, 2, 1), nn.Conv2d(2, c, 1), last

    def forward(self, x):
        return self.last(self.b(F.relu(self.a(F.adaptive_avg_pool2d(x, 1))))) * x


class DenseGate(nn.Module):
    """The same by dense layers, as the first code of the paper."""

    def __init__(self, c, expand):
        super().__init__()
        self.a, self.b, self.expand = nn.Linear(c, 2, bias=False), nn.Linear(2, c, bias=False), expand

    def forward(self, x):
        y = torch.sigmoid(self.b(F.relu(self.a(pooled(x))))).view(x.shape[0], x.shape[1], 1, 1)
        return x * (y.expand_as(x) if self.expand else y)


def shuffled(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


def shuffle_unit(s, x):
    a, b = s.stem(x).chunk(2, 1)
    return s.f(pooled(shuffled(torch.cat([a, F.relu(s.n(s.d(F.relu(s.p(b)))))], 1), 2)))


def cut_unit(s, x):
    x = s.stem(x)
    return s.f(pooled(shuffled(torch.cat([x[:, :2], s.p(x[:, 2:])], 1), 3)))


def u_shape(s, x):
    a = F.relu(s.a(x))
    b = F.relu(s.b(F.max_pool2d(a, 2)))
    return s.f(pooled(torch.cat([F.avg_pool2d(a, 2), b], 1)))


def dense_block(s, x):
    x = s.stem(x)
    for conv in (s.a, s.b):
        x = torch.cat([x, conv(F.relu(x))], 1)
    return s.f(pooled(x))


hard = lambda x: x * F.relu6(x + 3) / 6
NETS = {
    "MobileNetV3: gate of hard sigmoid, hard swish": (Net(lambda s, x: s.f(pooled(s.p(s.g(F.hardswish(s.n(s.d(s.e(x)))))) + x)), e=nn.Conv2d(3, 6, 1), d=nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False), n=nn.BatchNorm2d(6), g=Gate(6, F.hardsigmoid), p=nn.Conv2d(6, 3, 1), f=nn.Linear(3, 4)), "EVAL", 14),
    "the same as it trains": (Net(lambda s, x: s.f(pooled(s.p(s.g(F.hardswish(s.n(s.d(s.e(x)))))) + x)), e=nn.Conv2d(3, 6, 1), d=nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False), n=nn.BatchNorm2d(6), g=Gate(6, F.hardsigmoid), p=nn.Conv2d(6, 3, 1), f=nn.Linear(3, 4)), "PRESERVE", 14),
    "hard swish and hard sigmoid by hand": (Net(lambda s, x: s.f(pooled(s.g(hard(s.e(x))))), e=nn.Conv2d(3, 6, 3), g=Gate(6, lambda x: F.relu6(x + 3) / 6), f=nn.Linear(6, 4)), "EVAL", 11),
    "EfficientNet: gate of SiLU": (Net(lambda s, x: s.f(pooled(s.p(s.g(F.silu(s.d(F.silu(s.e(x)))))))), e=nn.Conv2d(3, 6, 1), d=nn.Conv2d(6, 6, 3, 2, 1, groups=6), g=Gate(6, torch.sigmoid), p=nn.Conv2d(6, 3, 1), f=nn.Linear(3, 4)), "EVAL", 13),
    "a gate of dense layers": (Net(lambda s, x: s.f(flat(s.g(s.c(x)))), c=nn.Conv2d(3, 4, 3, 2), g=DenseGate(4, False), f=nn.Linear(36, 4)), "EVAL", 13),
    "the same, expanded": (Net(lambda s, x: s.f(flat(s.g(s.c(x)))), c=nn.Conv2d(3, 4, 3, 2), g=DenseGate(4, True), f=nn.Linear(36, 4)), "EVAL", 13),
    "ShuffleNet v2: split, shuffle": (Net(shuffle_unit, stem=nn.Conv2d(3, 6, 3, 2, 1), p=nn.Conv2d(3, 3, 1), d=nn.Conv2d(3, 3, 3, 1, 1, groups=3, bias=False), n=nn.BatchNorm2d(3), f=nn.Linear(6, 4)), "EVAL", 13),
    "channels cut unevenly": (Net(cut_unit, stem=nn.Conv2d(3, 6, 3, 2, 1), p=nn.Conv2d(4, 4, 1), f=nn.Linear(6, 4)), "EVAL", 11),
    "learned slopes, one and each": (Net(lambda s, x: s.f(s.r(s.a(flat(s.q(s.b(s.p(s.c(x))))))).mul(0.5)), c=nn.Conv2d(3, 4, 3, 2), p=nn.PReLU(4), b=nn.Conv2d(4, 3, 1), q=nn.PReLU(), a=nn.Linear(27, 6), r=nn.PReLU(6), f=nn.Linear(6, 4)), "EVAL", 13),
    "mirrored and repeated edges": (Net(lambda s, x: s.f(pooled(torch.tanh(s.b(F.relu(s.a(x)))))), a=nn.Conv2d(3, 4, 5, padding=2, padding_mode="reflect"), b=nn.Conv2d(4, 5, 3, padding=1, padding_mode="replicate"), f=nn.Linear(5, 4)), "EVAL", 13),
    "edges of several widths": (Net(lambda s, x: s.f(flat(F.max_pool2d(s.a(F.pad(F.pad(x, (1, 0, 2, 3), "reflect"), (0, 1, 0, 1))), 3))), a=nn.Conv2d(3, 2, 3), f=nn.Linear(16, 4)), "EVAL", 11),
    "softplus by hand, QuickGELU, a number added": (Net(lambda s, x: s.f(flat((lambda y: y * torch.sigmoid(1.702 * y))(s.b(torch.where(s.a(x) > 20, s.a(x), torch.log(1 + torch.exp(s.a(x)))) - 0.7)))), a=nn.Sequential(), b=nn.Conv2d(3, 3, 3, 2), f=nn.Linear(27, 4)), "EVAL", 13),
    "a small U": (Net(u_shape, a=nn.Conv2d(3, 3, 3, 1, 1), b=nn.Conv2d(3, 4, 3, 1, 1), f=nn.Linear(7, 4)), "EVAL", 13),
    "DenseNet": (Net(dense_block, stem=nn.Conv2d(3, 3, 3), a=nn.Conv2d(3, 2, 3, 1, 1), b=nn.Conv2d(5, 2, 3, 1, 1), f=nn.Linear(7, 4)), "EVAL", 13),
    "SqueezeNet: the last convolution gives the classes": (Net(lambda s, x: (lambda y: pooled(F.relu(s.c(F.dropout(torch.cat([F.relu(s.a(y)), F.relu(s.b(y))], 1), 0.5, False)))))(F.relu(s.q(x))), q=nn.Conv2d(3, 2, 1), a=nn.Conv2d(2, 3, 1), b=nn.Conv2d(2, 3, 3, 1, 1), c=nn.Conv2d(6, 4, 1)), "EVAL", 13),
    "Inception": (Net(lambda s, x: s.f(flat(torch.cat([s.a(x), s.b(s.c(x)), s.d(F.avg_pool2d(x, 3, 1, 1)), F.max_pool2d(x, 3, 1, 1)], 1)[:, :, ::1, ::1].mean((2, 3)))), a=nn.Conv2d(3, 2, 1), c=nn.Conv2d(3, 2, (1, 3), padding=(0, 1)), b=nn.Conv2d(2, 3, (3, 1), padding=(1, 0)), d=nn.Conv2d(3, 2, 1), f=nn.Linear(10, 4)), "EVAL", 13),
}
REFUSED = {
    "two outputs": (Net(lambda s, x: (s.f(flat(x)), s.g(flat(x))), f=nn.Linear(192, 4), g=nn.Linear(192, 3)), "the network must have one output"),
    "edges that wrap around": (Net(lambda s, x: s.f(flat(F.pad(x, (1, 1, 1, 1), "circular"))), f=nn.Linear(300, 4)), "is no layer that is known in this place"),
}


def export(net, mode, opset):
    buffer = io.BytesIO()
    net.train(mode != "EVAL")
    torch.onnx.export(net, torch.rand(2, 3, 8, 8), buffer, training=getattr(torch.onnx.TrainingMode, mode), do_constant_folding=mode == "EVAL", opset_version=opset, input_names=["image"])
    return base64.b64encode(buffer.getvalue()).decode()


def case(name, net, mode, opset):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3), module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, 0.1, 0.6)
    file = export(net, mode, opset)
    images = torch.randint(0, 17, (2, 3, 8, 8)) / 16
    net.train(mode != "EVAL")
    answers = net.double()(images.double())
    return {"name": name, "file": file, "images": images.permute(0, 2, 3, 1).reshape(-1).tolist(), "answers": answers.reshape(-1).tolist(), "log": False}


json.dump({
    "networks": [case(name, *of) for name, of in NETS.items()],
    "refused": [{"name": name, "file": export(net, "EVAL", 13), "says": says} for name, (net, says) in REFUSED.items()],
}, sys.stdout)
