#!/usr/bin/env python3
"""Networks with learned factors of channels (ConvNeXt), shuffled pixels, cut edges, powers and attention by itself, as PyTorch exports them.

usage: python3 test/golden/onnx-moved.py > test/golden/onnx-moved.json   (Debian's python3-torch)
"""
import base64, io, json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, flat, pooled

warnings.simplefilter("ignore")
torch.manual_seed(3)


class Block(nn.Module):
    """ConvNeXt's, with its factor as torchvision [c, 1, 1] or as timm [c] keeps it."""

    def __init__(self, c, last=False):
        super().__init__()
        self.gamma, self.last = nn.Parameter(torch.rand(c) if last else torch.rand(c, 1, 1)), last
        self.depth, self.norm = nn.Conv2d(c, c, 3, 1, 1, groups=c), nn.LayerNorm(c, eps=1e-6)
        self.a, self.b = nn.Linear(c, 2 * c), nn.Linear(2 * c, c)

    def forward(self, x):
        y = self.b(F.gelu(self.a(self.norm(self.depth(x).permute(0, 2, 3, 1)))))
        return x + ((self.gamma * y).permute(0, 3, 1, 2) if self.last else self.gamma * y.permute(0, 3, 1, 2))


class Norm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.attend, self.f = nn.Conv2d(3, 8, 4, 4), nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 4)

    def forward(self, x):
        t = self.patches(x).flatten(2).transpose(1, 2)
        return self.f((t + self.attend(t, t, t, need_weights=False)[0]).mean(1))


def encoder(first):
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, activation="gelu" if first else "relu", norm_first=first)
    return Net(lambda s, x: s.f(s.e(s.p(x).flatten(2).transpose(1, 2)).mean(1)), p=nn.Conv2d(3, 8, 4, 4), e=layer, f=nn.Linear(8, 4))


NETS = {
    "ConvNeXt": (Net(lambda s, x: s.f(flat(s.m(F.adaptive_avg_pool2d(s.a(s.l(s.c(x))), 1)))), c=nn.Conv2d(3, 6, 2, 2), l=Norm2d(6, eps=1e-6), a=Block(6), m=Norm2d(6), f=nn.Linear(6, 4)), 17),
    "ConvNeXt, opset 13": (Net(lambda s, x: s.f(pooled(s.a(s.c(x)))), c=nn.Conv2d(3, 6, 2, 2), a=Block(6, True), f=nn.Linear(6, 4)), 13),
    "PixelShuffle": (Net(lambda s, x: s.f(flat(s.b(F.pixel_shuffle(s.a(x), 2)))), a=nn.Conv2d(3, 8, 3, 1, 1), b=nn.Conv2d(2, 2, 3, 4), f=nn.Linear(32, 4)), 13),
    "PixelUnshuffle": (Net(lambda s, x: s.f(flat(F.relu(s.a(F.pixel_unshuffle(x, 2))))), a=nn.Conv2d(12, 4, 3), f=nn.Linear(16, 4)), 11),
    "negative pads": (Net(lambda s, x: s.f(flat(F.relu(s.a(F.pad(x, (-1, 0, 1, -2)))))), a=nn.Conv2d(3, 4, 3), f=nn.Linear(100, 4)), 13),
    "a part of the plane, opset 9": (Net(lambda s, x: s.f(flat(F.relu(s.a(x[:, :, 1:-1, 2:])))), a=nn.Conv2d(3, 4, 3), f=nn.Linear(64, 4)), 9),
    "a square": (Net(lambda s, x: s.f(flat(s.a(x) ** 2)), a=nn.Conv2d(3, 4, 3, 2), f=nn.Linear(36, 4)), 13),
    "SELU and CELU": (Net(lambda s, x: s.f(F.celu(s.b(flat(F.selu(s.a(x)))), 0.7)), a=nn.Conv2d(3, 4, 3, 2), b=nn.Linear(36, 6), f=nn.Linear(6, 4)), 13),
    "channels by their numbers": (Net(lambda s, x: s.f(flat(s.b(s.a(x)[:, torch.tensor([0, 3, 1, 4, 2, 5])]))), a=nn.Conv2d(3, 6, 3), b=nn.Conv2d(6, 2, 3), f=nn.Linear(32, 4)), 13),
    "the largest of a plane": (Net(lambda s, x: s.f(flat(F.adaptive_max_pool2d(s.a(x), 1)) + s.a(x).amax((2, 3))), a=nn.Conv2d(3, 6, 3), f=nn.Linear(6, 4)), 13),
    "MultiheadAttention": (Attention(), 13),
    "MultiheadAttention, opset 9": (Attention(), 9),
    "TransformerEncoderLayer, norm first": (encoder(True), 16),
    "TransformerEncoderLayer, norm last": (encoder(False), 11),
}
# what this exporter writes for circular edges are the cells before the last
REFUSED = {"circular edges as PyTorch 1.13 writes them": (Net(lambda s, x: s.f(flat(s.a(x))), a=nn.Conv2d(3, 4, 3, 2, 1, padding_mode="circular"), f=nn.Linear(64, 4)), 13, "(Concat) is no layer that is known")}


def export(net, opset):
    for p in net.parameters():
        p.data += 0.05 * torch.randn_like(p)
    file = io.BytesIO()
    torch.onnx.export(net.eval(), torch.rand(1, 3, 8, 8), file, opset_version=opset)
    return base64.b64encode(file.getvalue()).decode()


def case(name, net, opset):
    file = export(net, opset)
    images = (torch.randint(0, 17, (2, 8, 8, 3)) / 16).double()
    with torch.no_grad():
        answers = net.double()(images.permute(0, 3, 1, 2))
    return {"name": name, "file": file, "images": images.flatten().tolist(), "answers": answers.flatten().tolist(), "log": False}


json.dump({
    "source": f"torch {torch.__version__}",
    "networks": [case(name, *of) for name, of in NETS.items()],
    "refused": [{"name": name, "file": export(net, opset), "says": says} for name, (net, opset, says) in REFUSED.items()],
}, sys.stdout)
