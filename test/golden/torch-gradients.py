#!/usr/bin/env python3
"""Gradients of the clients of torch-clients.json in the forms in which people keep them, some with layers that are frozen (None), and of networks trained until they are tiny.

usage: python3 test/golden/torch-gradients.py > test/golden/torch-gradients.json   (Debian's python3-torch)
Computed in float64 and stored in float32; the tiny ones in float32, as a client computes it.
"""
import base64, importlib.util, io, json, os, struct, sys
import numpy as np
import torch
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("clients", os.path.join(here, "torch-clients.py"))
clients = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clients)
torch.manual_seed(11)

cases = {case["name"]: case for case in json.load(open(os.path.join(here, "torch-clients.json")))}
NETS = {"tutorial": clients.Tutorial, "residual": clients.Residual, "transformer": clients.Transformer, "lenet-5": clients.LeNet5, "mobile": clients.Mobile}


def from_safetensors(raw):
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    types = {"F32": np.float32, "I64": np.int64}
    at = lambda o: raw[8 + length + o[0] : 8 + length + o[1]]
    return {k: torch.tensor(np.frombuffer(at(v["data_offsets"]), types[v["dtype"]]).reshape(v["shape"]).copy()) for k, v in header.items() if k != "__metadata__"}


def state_of(case):
    raw = base64.b64decode(case["before"])
    if raw[8:9] == b"{":
        return from_safetensors(raw)
    state = torch.load(io.BytesIO(raw), weights_only=False)
    return {k.removeprefix("module."): v for k, v in state.get("state_dict", state).items()}


def net_of(case):
    net = NETS[case["name"].split(",")[0]]()
    net.load_state_dict(state_of(case))
    return net


def batch_of(case):
    size = case["imageShape"][0]
    return torch.tensor(case["images"]).reshape(-1, size, size, 3).permute(0, 3, 1, 2), torch.tensor(case["labels"])


FORMS = {
    "tuple": lambda g: clients.b64(lambda f: torch.save(tuple(g.values()), f)),
    "list, legacy": lambda g: clients.b64(lambda f: torch.save(list(g.values()), f, _use_new_zipfile_serialization=False)),
    "dict": lambda g: clients.b64(lambda f: torch.save(g, f)),
    "dict with a loss, in data parallel": lambda g: clients.b64(lambda f: torch.save({"loss": 0.25, "grads": {f"module.{k}": v for k, v in g.items()}}, f)),
    "list in a dict": lambda g: clients.b64(lambda f: torch.save({"round": 3, "gradient": list(g.values())}, f)),
    "npz": lambda g: clients.b64(lambda f: np.savez(f, *[v.numpy() for v in g.values()])),
    "npz by name": lambda g: clients.b64(lambda f: np.savez(f, **{k: v.numpy() for k, v in g.items()})),
    "safetensors": lambda g: clients.b64(lambda f: f.write(clients.safetensors(g))),
}


def gradient(name, form, frozen=(), smoothing=0.0):
    case = cases[name]
    net = net_of(case).double()
    net.train("batch statistics" in name)
    images, labels = batch_of(case)
    for key, parameter in net.named_parameters():
        parameter.requires_grad_(not key.startswith(tuple(frozen)))
    F.cross_entropy(net(images.double()), labels, label_smoothing=smoothing).backward()
    named = {k: None if p.grad is None else p.grad.float() for k, p in net.named_parameters()}
    more = {**({"frozen": frozen} if frozen else {}), **({"smoothing": smoothing} if smoothing else {})}
    return {"client": name, "form": form, **more, "gradients": FORMS[form](named)}


def tiny(seed, goal):
    torch.manual_seed(seed)
    case = cases["tutorial"]
    net = clients.Tutorial()
    images, labels = batch_of(case)
    images = images.float()
    loss_of = lambda: F.cross_entropy(net(images), labels)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(3000):
        optimizer.zero_grad()
        loss = loss_of()
        if loss.item() < goal:
            break
        loss.backward()
        optimizer.step()
    grads = torch.autograd.grad(loss_of(), list(net.parameters()))
    before = clients.b64(lambda f: torch.save(net.state_dict(), f))
    return {"client": "tutorial", "form": f"tuple of a network trained to a loss of {goal}", "before": before, "gradients": FORMS["tuple"](dict(enumerate(grads)))}


if __name__ == "__main__":
    pairs = [
        ("tutorial", "tuple"),
        ("residual", "list, legacy"),
        ("residual, batch statistics", "dict"),
        ("residual, batch statistics", "npz"),
        ("transformer", "tuple"),
        ("transformer", "npz"),
        ("transformer", "dict with a loss, in data parallel"),
        ("tutorial, safetensors", "list in a dict"),
        ("lenet-5, safetensors, two steps of Adam", "npz by name"),
        ("mobile, safetensors", "safetensors"),
    ]
    nones = [
        gradient("tutorial", "tuple", ["conv1"]),
        gradient("tutorial", "dict", ["conv1", "fc2"]),
        gradient("residual, batch statistics", "dict with a loss, in data parallel", ["layer1", "bn1"]),
    ]
    json.dump([*(gradient(*pair) for pair in pairs), *nones, gradient("lenet-5, safetensors, two steps of Adam", "list in a dict", smoothing=0.1), *(tiny(*one) for one in ((2, 1e-6), (4, 1e-6), (6, 1e-4)))], sys.stdout)
