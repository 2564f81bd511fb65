#!/usr/bin/env python3
"""Small networks as PyTorch exports them to ONNX, base64 in one JSON, with answers in float64 and what cannot be read.

usage: python3 test/golden/onnx-networks.py > test/golden/onnx-networks.json   (Debian's python3-torch)
"""
import base64, io, json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, flat

warnings.simplefilter("ignore")
torch.manual_seed(5)


def tokens(s, x):
    return s.patch(x).flatten(2).transpose(1, 2)


def heads(t, h):
    return t.view(t.shape[0], t.shape[1], h, -1).transpose(1, 2)


def attend(q, k, v):
    mixed = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1) @ v
    return mixed.transpose(1, 2).reshape(mixed.shape[0], mixed.shape[2], -1)


def class_token(s, x):
    x = tokens(s, x)
    return torch.cat([s.token.expand(len(x), -1, -1), x], 1) + s.place


patch = lambda width: nn.Conv2d(3, width, 4, 4)
NETS = {
    "dense layers after a flattened picture": (Net(lambda s, x: s.b(F.relu(s.a(flat(F.max_pool2d(F.relu(s.c(x)), 2))))), c=nn.Conv2d(3, 3, 3), a=nn.Linear(27, 6), b=nn.Linear(6, 4)), "EVAL", 13),
    "strides, padding, dilation, groups, pools": (Net(lambda s, x: s.f(flat(F.avg_pool2d(F.max_pool2d(s.b(F.elu(s.a(x))), 3, 2, 1), 3, 1, 1))), a=nn.Conv2d(3, 4, 3, 1, (2, 1), dilation=2), b=nn.Conv2d(4, 4, (3, 1), groups=2), f=nn.Linear(36, 4)), "EVAL", 17),
    "batch normalisation and a residual block, training": (Net(lambda s, x: s.f(F.relu(s.n(s.c(x)) + s.m(s.d(x))).mean((2, 3))), c=nn.Conv2d(3, 4, 3, 2, 1, bias=False), n=nn.BatchNorm2d(4), d=nn.Conv2d(3, 4, 1, 2, bias=False), m=nn.BatchNorm2d(4), f=nn.Linear(4, 4)), "PRESERVE", 14),
    "the same, opset 11": (Net(lambda s, x: s.f(F.relu(s.n(s.c(x)) + x).mean((2, 3))), c=nn.Conv2d(3, 3, 3, 1, 1, bias=False), n=nn.BatchNorm2d(3), f=nn.Linear(3, 4)), "PRESERVE", 11),
    "an inverted bottleneck, folded": (Net(lambda s, x: s.f(flat(F.adaptive_avg_pool2d(x + s.p(F.relu6(s.n(s.w(F.relu6(s.e(x)))))), 1))), e=nn.Conv2d(3, 6, 1), w=nn.Conv2d(6, 6, 3, 1, 1, groups=6), n=nn.BatchNorm2d(6), p=nn.Conv2d(6, 3, 1), f=nn.Linear(3, 4)), "EVAL", 13),
    "group, instance and layer norm, SiLU, hard swish": (Net(lambda s, x: s.f(s.l(flat(F.silu(s.i(F.hardswish(s.g(s.c(x)))))))), c=nn.Conv2d(3, 4, 3, 2), g=nn.GroupNorm(2, 4), i=nn.InstanceNorm2d(4, affine=True), l=nn.LayerNorm(36), f=nn.Linear(36, 4)), "EVAL", 13),
    "input normalisation, branches, log softmax": (Net(lambda s, x: F.log_softmax(s.f(torch.cat([torch.tanh(s.a((x - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)) / torch.tensor([0.2, 0.3, 0.25]).view(1, 3, 1, 1))), F.leaky_relu(s.b((x - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)) / torch.tensor([0.2, 0.3, 0.25]).view(1, 3, 1, 1)), 0.1)], 1).mean((2, 3))), 1), a=nn.Conv2d(3, 2, 1), b=nn.Conv2d(3, 3, 3, padding=1), f=nn.Linear(5, 4)), "EVAL", 13),
    "a transformer of nn.TransformerEncoderLayer": (Net(lambda s, x: s.f(s.e(class_token(s, x))[:, 0]), {"token": (1, 1, 8), "place": (1, 5, 8)}, patch=patch(8), e=nn.TransformerEncoderLayer(8, 2, 12, 0.0, activation="gelu", batch_first=True, norm_first=True), f=nn.Linear(8, 4)), "TRAINING", 13),
    "attention by hand, one matrix, the mean of the tokens": (Net(lambda s, x: s.f((lambda t: t + s.o(attend(*[heads(u, 2) for u in s.qkv(t).chunk(3, -1)])))(tokens(s, x)).mean(1)), patch=patch(8), qkv=nn.Linear(8, 24), o=nn.Linear(8, 8), f=nn.Linear(8, 4)), "EVAL", 17),
    "attention by hand, three matrices": (Net(lambda s, x: s.f((lambda t: t + s.o(attend(heads(s.q(t), 4), heads(s.k(t), 4), heads(s.v(t), 4))))(tokens(s, x))[:, 1]), patch=patch(8), q=nn.Linear(8, 8), k=nn.Linear(8, 8), v=nn.Linear(8, 8), o=nn.Linear(8, 8), f=nn.Linear(8, 4)), "EVAL", 13),
    "Mish, hardtanh, layer norm over the picture": (Net(lambda s, x: s.f(flat(F.hardtanh(s.l(F.mish(s.c(x)))))), c=nn.Conv2d(3, 4, 3, 2), l=nn.LayerNorm((4, 3, 3)), f=nn.Linear(36, 4)), "EVAL", 13),
    "the same, opset 17": (Net(lambda s, x: s.f(flat(F.hardtanh(s.l(F.mish(s.c(x)))))), c=nn.Conv2d(3, 4, 3, 2), l=nn.LayerNorm((4, 3, 3)), f=nn.Linear(36, 4)), "EVAL", 17),
}
REFUSED = {
    "sorting": (Net(lambda s, x: s.f(flat(torch.sort(x, -1)[0])), f=nn.Linear(192, 4)), "the operation TopK is not known, got \"/TopK\""),
    "values, queries and keys in another order": (Net(lambda s, x: s.f((lambda t: (lambda v, q, k: t + s.o(attend(q, k, v)))(*[heads(u, 2) for u in s.qkv(t).chunk(3, -1)]))(tokens(s, x)).mean(1)), patch=patch(8), qkv=nn.Linear(8, 24), o=nn.Linear(8, 8), f=nn.Linear(8, 4)), "must give the answers of the file"),
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
    file = export(net, mode, opset)
    images = torch.randint(0, 17, (2, 3, 8, 8)) / 16
    net.train(mode != "EVAL")
    answers = net.double()(images.double())
    return {"name": name, "file": file, "images": images.permute(0, 2, 3, 1).reshape(-1).tolist(), "answers": answers.reshape(-1).tolist(), "log": "log softmax" in name}


json.dump({
    "networks": [case(name, *of) for name, of in NETS.items()],
    "refused": [{"name": name, "file": export(net, "EVAL", 13), "says": says} for name, (net, says) in REFUSED.items()],
}, sys.stdout)
