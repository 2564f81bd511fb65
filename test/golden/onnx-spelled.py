#!/usr/bin/env python3
"""Networks whose functions PyTorch's exporter spells out, or whose pictures become larger, with the gradient of one step in float64.

usage: V/bin/python test/golden/onnx-spelled.py > test/golden/onnx-spelled.json
V: python3 -m venv V && V/bin/pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2
"""
import json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, conv, end, flat, with_gradient

warnings.simplefilter("ignore")
torch.manual_seed(19)


def u_shaped(s, x):
    """One step up by nearest cells, one by a transposed convolution that overlaps, one by interpolation."""
    a = F.relu(s.a(x))
    b = F.relu(s.b(F.max_pool2d(a, 2)))
    c = F.relu(s.c(F.max_pool2d(b, 2)))
    d = F.relu(s.d(torch.cat([F.interpolate(c, scale_factor=2), s.t(c), b], 1)))
    return end(s, s.e(torch.cat([s.u(d), F.interpolate(d, size=8, mode="bilinear"), a], 1)))


def along(s, x):
    """ECA: a kernel along the channels makes the gate."""
    y = F.relu(s.a(x))
    gate = torch.sigmoid(s.c(F.adaptive_avg_pool2d(y, 1).squeeze(-1).transpose(1, 2)).transpose(1, 2).unsqueeze(-1))
    z = y * gate.expand_as(y)
    return end(s, z * s.d(z.mean((2, 3)).view(x.shape[0], 1, -1)).view(x.shape[0], -1, 1, 1).sigmoid())


def places(s, x):
    """CBAM's gate of places: mean and largest over the channels; images made gray beside it."""
    y = F.relu(s.a(x))
    gate = torch.sigmoid(s.b(torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)))
    return end(s, y * gate + s.c(x.mean(1, keepdim=True)))


def channels(s, x):
    """CBAM's gate of channels: means and largest numbers through the same two layers; another of dense layers."""
    y = F.relu(s.a(x))
    gates = [lambda v: s.d(F.relu(s.c(v))), lambda v: s.q(F.relu(s.p(flat(v)))).view(x.shape[0], 4, 1, 1)]
    for gate in gates:
        y = y * torch.sigmoid(gate(F.adaptive_avg_pool2d(y, 1)) + gate(F.adaptive_max_pool2d(y, 1)))
    return end(s, y)


def largest(s, x):
    y = torch.maximum(s.a(x), s.b(x))
    return end(s, y.clamp(max=0.4) + s.c(x).view(x.shape[0], 4, 2, 8, 8).amax(2).clamp(min=0.1))


def shrinks(s, x):
    y = s.a(x)
    return end(s, F.softsign(y) + F.logsigmoid(y) - F.tanhshrink(y) + F.hardshrink(y, 0.2) * F.softshrink(y, 0.1) + F.hardtanh(y, -0.3, 0.4))


def primitives(s, x):
    y = s.a(x)
    z = torch.sin(y) - torch.cos(y) * torch.atan(y) + torch.exp(-y.abs()) / torch.sqrt(y * y + 1) + 2 / (y.abs() + 0.5) + F.softmin(y, 1)
    return end(s, z - torch.log(y.abs() + 2) ** -1 + F.log_softmax(y, 1))


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width) + 0.5)

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)


def tokens(s, x):
    y = s.p(x).flatten(2).transpose(1, 2)
    return s.f(s.m(y + s.q(s.n(y))).mean(1))


NETS = {
    "three ways up": Net(u_shaped, a=conv(3, 3), b=conv(3, 4), c=conv(4, 4), t=nn.ConvTranspose2d(4, 4, 3, 2, 1, 1, groups=2), d=conv(12, 4), u=nn.ConvTranspose2d(4, 2, 2, 2), e=conv(9, 3), f=nn.Linear(48, 4)),
    "a kernel along the channels": Net(along, a=conv(3, 6), c=nn.Conv1d(1, 1, 3, padding=1, bias=False), d=nn.Conv1d(1, 1, 5, padding=2), f=nn.Linear(96, 4)),
    "a gate of places, gray images": Net(places, a=conv(3, 4), b=conv(2, 1), c=conv(1, 4), f=nn.Linear(64, 4)),
    "a gate of channels": Net(channels, a=conv(3, 4), c=conv(4, 2, 1), d=conv(2, 4, 1), p=nn.Linear(4, 3), q=nn.Linear(3, 4), f=nn.Linear(64, 4)),
    "the largest of two, and of pairs of channels": Net(largest, a=conv(3, 4), b=conv(3, 4), c=conv(3, 8), f=nn.Linear(64, 4)),
    "learned numbers": Net(lambda s, x: end(s, (lambda y: y * s.h + s.g * torch.tanh(s.b(y) + s.k))(F.relu(s.a(x)))), {"g": (), "h": (1,), "k": (1, 1, 1)}, a=conv(3, 4), b=conv(4, 4), f=nn.Linear(64, 4)),
    "functions that shrink": Net(shrinks, a=conv(3, 4), f=nn.Linear(64, 4)),
    "functions spelled out": Net(primitives, a=conv(3, 4), f=nn.Linear(64, 4)),
    "RMS norm": Net(tokens, p=nn.Conv2d(3, 6, 4, 4), n=RMSNorm(6), q=nn.Linear(6, 6), m=nn.RMSNorm(6), f=nn.Linear(6, 4)),
}
FORMS = {"dynamo": dict(dynamo=True, optimize=False, external_data=False, verbose=False)}

networks = [with_gradient(name, net, FORMS) for name, net in NETS.items()]
json.dump(dict(source=f"torch {torch.__version__}", networks=networks), sys.stdout)
