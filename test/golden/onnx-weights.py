#!/usr/bin/env python3
"""Networks by PyTorch's exporters, and other weights of theirs as a state dict, with the answers these give in float64: modules
that are made in another order than they are run in, tensors that the layers here turn, cut or join, biases of zeros, equal tensors.

usage: V/bin/python test/golden/onnx-weights.py > test/golden/onnx-weights.json
V: python3 -m venv V && V/bin/pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2
"""
import base64, copy, json, sys, warnings
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx_net import Net, export, flat

warnings.simplefilter("ignore")
torch.manual_seed(11)


def block(s, x):
    """Attention by hand, from three layers that are made in another order."""
    x = s.p(x).flatten(2).transpose(1, 2)
    batch, tokens, width = x.shape
    y = s.n(x)
    q, k, v = [layer(y).view(batch, tokens, 2, width // 2).transpose(1, 2) for layer in (s.q, s.k, s.v)]
    y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
    return s.f((x + s.o(y)).mean(1))


def encoder():
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
    many = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return Net(lambda s, x: s.f(s.e(s.p(x).flatten(2).transpose(1, 2)).mean(1)), p=nn.Conv2d(3, 8, 4, 4), e=many, f=nn.Linear(8, 4))


def standardised():
    net = Net(lambda s, x: s.f(flat(F.relu(s.c((x - s.mean) / s.std)))), c=nn.Conv2d(3, 4, 3, 2), f=nn.Linear(36, 4))
    net.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
    net.register_buffer("std", torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1))
    return net


def chain(s, x):
    """As VoVNet puts the value after each convolution beside the others."""
    z = F.relu(s.z(x))
    a = F.relu(s.a(z))
    b = F.relu(s.b(a))
    return s.f(flat(torch.cat([z, a, b, F.relu(s.c(b))], 1)))


def stemmed(s, x):
    stem = F.relu(s.s(x))
    return F.relu(s.a(stem)), F.relu(s.b(stem))


def without_bias(net):
    """Biases of zeros, which one exporter merges and another leaves out."""
    for name, value in net.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(value)
    return net


NETS = {
    "convolutions made in another order": Net(lambda s, x: s.f(flat(F.relu(s.b(F.relu(s.a(s.z(x))))))), z=nn.Conv2d(3, 4, 3, 2, 1), b=nn.Conv2d(4, 4, 3, 1, 1), a=nn.Conv2d(4, 4, 3, 1, 1), f=nn.Linear(64, 4)),
    "norms before their convolutions": Net(lambda s, x: s.f(flat(F.relu(s.n2(s.b(F.relu(s.n1(s.a(x)))))))), n2=nn.GroupNorm(2, 4), n1=nn.BatchNorm2d(4), a=nn.Conv2d(3, 4, 3, 2, 1), b=nn.Conv2d(4, 4, 3, 1, 1), f=nn.Linear(64, 4)),
    "flattened with the channels last": Net(lambda s, x: s.f(F.relu(s.c(x)).permute(0, 2, 3, 1).flatten(1)), c=nn.Conv2d(3, 4, 3, 2, 1), f=nn.Linear(64, 4)),
    "queries, keys and values in three": Net(block, p=nn.Conv2d(3, 8, 4, 4), v=nn.Linear(8, 8), k=nn.Linear(8, 8), q=nn.Linear(8, 8), o=nn.Linear(8, 8), f=nn.Linear(8, 4), n=nn.LayerNorm(8)),
    "an encoder of two equal layers": encoder(),
    "pictures standardised inside": standardised(),
    "biases of zeros": without_bias(Net(lambda s, x: s.f(flat(F.relu(s.b(F.relu(s.a(x)))))), a=nn.Conv2d(3, 4, 3, 2, 1), b=nn.Conv2d(4, 4, 3, 1, 1), f=nn.Linear(64, 4))),
    "norms that learn nothing": Net(lambda s, x: s.f(flat(F.relu(s.m(s.b(F.relu(s.n(s.a(x)))))))), a=nn.Conv2d(3, 4, 3, 2, 1), n=nn.InstanceNorm2d(4), b=nn.Conv2d(4, 4, 3, 1, 1), m=nn.GroupNorm(2, 4, affine=False), f=nn.Linear(64, 4)),
    "channels split in two": Net(lambda s, x: s.f(flat(torch.cat([F.relu(one) for one in s.c(x).chunk(2, 1)][::-1], 1))), c=nn.Conv2d(3, 4, 3, 2, 1), f=nn.Linear(64, 4)),
    "softplus": Net(lambda s, x: s.f(flat(F.softplus(s.c(x)))), c=nn.Conv2d(3, 4, 3, 2, 1), f=nn.Linear(64, 4)),
    "matrices that stand the other way": Net(lambda s, x: (flat(F.relu(s.c(x))) @ s.w + s.b) @ s.v, {"v": (6, 4), "w": (64, 6), "b": (6,)}, c=nn.Conv2d(3, 4, 3, 2, 1)),
    "the values of a chain side by side": Net(chain, z=nn.Conv2d(3, 4, 3, 2, 1), c=nn.Conv2d(4, 3, 3, 1, 1), b=nn.Conv2d(2, 4, 3, 1, 1), a=nn.Conv2d(4, 2, 3, 1, 1), f=nn.Linear(208, 4)),
    "branches with a stem of their own": Net(lambda s, x: s.f(flat(torch.cat([s.d(x), *stemmed(s, x)], 1))), d=nn.Conv2d(3, 2, 3, 2, 1), s=nn.Conv2d(3, 4, 3, 2, 1), b=nn.Conv2d(4, 2, 1), a=nn.Conv2d(4, 2, 3, 1, 1), f=nn.Linear(96, 4)),
}
FORMS = {
    "kept": dict(dynamo=False, opset_version=17, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False),
    "dynamo": dict(dynamo=True, optimize=False, external_data=False, verbose=False),
}
# two layers with the same weights; an exporter that merges what is equal looks alike
SHARED = Net(lambda s, x: s.f(flat(F.relu(s.b(F.relu(s.b(s.a(x))))))), a=nn.Conv2d(3, 4, 3, 2, 1), b=nn.Conv2d(4, 4, 3, 1, 1), f=nn.Linear(64, 4))


packed = lambda tensor: base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()
networks = []
for name, net in NETS.items():
    net.eval()
    files = {form: export(net, options) for form, options in FORMS.items()}
    other = copy.deepcopy(net)
    with torch.no_grad():
        for value in other.parameters():
            value += 0.2 * torch.randn_like(value)
        for key, value in other.named_buffers():
            if key.endswith("running_mean"):
                value.normal_(0, 0.2)
            if key.endswith("running_var"):
                value.uniform_(0.5, 1.5)
    x = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        answers = copy.deepcopy(other).double()(x.double())
    state = [[key, list(value.shape), packed(value)] for key, value in other.state_dict().items() if value.is_floating_point()]
    networks.append(dict(name=name, files=files, state=state, images=packed(x.permute(0, 2, 3, 1).contiguous()), answers=answers.flatten().tolist()))
shared = export(SHARED.eval(), FORMS["kept"])
json.dump(dict(source=f"torch {torch.__version__}", networks=networks, shared=shared), sys.stdout)
