#!/usr/bin/env python3
"""Networks whose values cross, by PyTorch's exporters, with the gradient of one step in float64 under the names of the state dict.

usage: V/bin/python test/golden/onnx-crossing.py > test/golden/onnx-crossing.json
V: python3 -m venv V && V/bin/pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2
"""
import json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, conv, end, with_gradient

warnings.simplefilter("ignore")
torch.manual_seed(17)


def sums(s, x):
    u = s.e(x)
    y, z = s.d(u), F.relu(s.c(u))
    return end(s, s.a(y + z) + s.b(F.relu(z)) + y)


def dense(s, x):
    """A dense block that puts new values before the others."""
    values = [s.c(x)]
    for layer in (s.a, s.b, s.d):
        values.insert(0, layer(F.relu(torch.cat(values, 1))))
    return end(s, torch.cat(values, 1))


def res2(s, x):
    """A block of Res2Net: quarters of the channels, each after the first with the one before added."""
    x = F.relu(s.n(s.a(x)))
    parts, made = torch.split(x, 2, 1), []
    for k, layer in enumerate((s.b, s.c, s.d)):
        made.append(F.relu(layer(parts[k] + made[-1] if made else parts[k])))
    return end(s, torch.cat([*made, parts[3]], 1) + x)


def rex(s, x):
    """A block of ReXNet: only the first channels go around it, and a gate of them."""
    x = F.silu(s.a(x))
    y = s.c(F.relu6(s.b(x)))
    y = y * torch.sigmoid(s.g(F.adaptive_avg_pool2d(y, 1)))
    return end(s, torch.cat([y[:, :4] + x, y[:, 4:]], 1))


def u_shaped(s, x):
    a = F.relu(s.a(x))
    b = F.relu(s.b(F.max_pool2d(a, 2)))
    c = F.relu(s.c(F.max_pool2d(b, 2)))
    d = F.relu(s.d(torch.cat([F.pixel_shuffle(c, 2), b], 1)))
    return end(s, s.e(torch.cat([F.pixel_shuffle(d, 2), a], 1)))


def resolutions(s, x):
    """Two resolutions that exchange their values twice, as in HRNet."""
    high, low = F.relu(s.a(x)), F.relu(s.b(x))
    for up, down in ((s.u, s.d), (s.v, s.w)):
        high, low = F.relu(high + F.pixel_shuffle(up(low), 2)), F.relu(low + down(high))
    return end(s, torch.cat([F.max_pool2d(high, 2), low], 1))


NETS = {
    "sums that cross": Net(sums, a=conv(3, 3, 1), b=conv(3, 3, 1), c=conv(3, 3, 1), d=conv(3, 3, 1), e=conv(3, 3, 1), f=nn.Linear(48, 4)),
    "a dense block, the new before the old": Net(dense, c=conv(3, 3, 3, 2), a=conv(3, 2, 1), b=conv(5, 2), d=conv(7, 2, 1), f=nn.Linear(36, 4)),
    "quarters of the channels in a chain": Net(res2, a=conv(3, 8, 3, 2), n=nn.BatchNorm2d(8), b=conv(2, 2), c=conv(2, 2), d=conv(2, 2), f=nn.Linear(32, 4)),
    "some of the channels go around": Net(rex, a=conv(3, 4, 3, 2), b=conv(4, 6, 1), c=conv(6, 7, 1), g=conv(7, 7, 1), f=nn.Linear(28, 4)),
    "the shape of a U": Net(u_shaped, a=conv(3, 4), b=conv(4, 6), c=conv(6, 8), d=conv(8, 8), e=conv(6, 3), f=nn.Linear(48, 4)),
    "two resolutions": Net(resolutions, a=conv(3, 3), b=conv(3, 2, 3, 2), u=conv(2, 12, 1), v=conv(2, 12, 1), d=conv(3, 2, 3, 2), w=conv(3, 2, 3, 2), f=nn.Linear(20, 4)),
}
FORMS = {
    "kept": dict(dynamo=False, opset_version=17, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False),
    "dynamo": dict(dynamo=True, optimize=False, external_data=False, verbose=False),
}

networks = [with_gradient(name, net, FORMS) for name, net in NETS.items()]
json.dump(dict(source=f"torch {torch.__version__}", networks=networks), sys.stdout)
