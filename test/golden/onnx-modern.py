#!/usr/bin/env python3
"""Small networks as PyTorch 2's exporters write them (the older one by scripts of opsets 11 to 17, the newer one by dynamo), and as
converters from TensorFlow and Keras do (built node by node: channels last, SAME padding), base64 in one JSON, with answers.

usage: V/bin/python test/golden/onnx-modern.py > test/golden/onnx-modern.json
V: python3 -m venv V && V/bin/pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2
"""
import base64, json, sys, warnings
import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_net import Net, export, flat

warnings.simplefilter("ignore")
torch.manual_seed(7)


def tokens(s, x):
    x = s.patch(x).reshape(x.shape[0], 8, 4).permute(0, 2, 1)
    return torch.cat([s.token.expand(x.shape[0], -1, -1), x], 1) + s.place


def encoder(s, x):
    """A block of torchvision's VisionTransformer."""
    x = tokens(s, x)
    y = s.one(x)
    y, _ = s.heads(y, y, y, need_weights=False)
    x = x + y
    return s.f((x + s.down(F.gelu(s.up(s.two(x)))))[:, 0])


def dense_blocks(s, x):
    """Every layer sees all earlier values side by side, as in torchvision's DenseNet."""
    values = [s.c(x)]
    for layer in (s.a, s.b, s.d):
        values.append(layer(F.relu(torch.cat(values, 1))))
    return s.f(torch.cat(values, 1).mean((2, 3)))


vit = lambda: Net(encoder, {"token": (1, 1, 8), "place": (1, 5, 8)}, patch=nn.Conv2d(3, 8, 4, 4), one=nn.LayerNorm(8), two=nn.LayerNorm(8), heads=nn.MultiheadAttention(8, 2, batch_first=True), up=nn.Linear(8, 12), down=nn.Linear(12, 8), f=nn.Linear(8, 4))
gelus = lambda: Net(lambda s, x: s.f(flat(F.gelu(s.g(s.c(x)), approximate="tanh"))), c=nn.Conv2d(3, 4, 3, 2), g=nn.GroupNorm(2, 4), f=nn.Linear(36, 4))
bottleneck = lambda: Net(lambda s, x: s.f(flat(F.adaptive_avg_pool2d(s.p(F.hardswish(s.n(s.w(F.relu6(s.e(x)))))), 1))), e=nn.Conv2d(3, 6, 1), w=nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False), n=nn.BatchNorm2d(6), p=nn.Conv2d(6, 3, 1), f=nn.Linear(3, 4))
ceil = lambda: Net(lambda s, x: s.f(flat(F.avg_pool2d(F.max_pool2d(F.relu(s.c(x)), 3, 2, ceil_mode=True), 2, 2, ceil_mode=True, count_include_pad=False))), c=nn.Conv2d(3, 3, 3, padding=1), f=nn.Linear(12, 4))
dense = lambda: Net(dense_blocks, c=nn.Conv2d(3, 3, 3, 2, 1), a=nn.Conv2d(3, 2, 1), b=nn.Conv2d(5, 2, 3, 1, 1), d=nn.Conv2d(7, 2, 1), f=nn.Linear(9, 4))
adaptive = lambda: Net(lambda s, x: s.f(flat(F.adaptive_avg_pool2d(F.relu(s.c(x)), 3))), c=nn.Conv2d(3, 2, 8), f=nn.Linear(18, 4))
older = lambda opset, mode="EVAL", **more: dict(dynamo=False, opset_version=opset, training=getattr(torch.onnx.TrainingMode, mode), do_constant_folding=mode == "EVAL", **more)
newer = lambda opset, **more: dict(dynamo=True, opset_version=opset, external_data=False, verbose=False, **more)

NETS = {
    "a block of a vision transformer, scripted": (vit(), older(17)),
    "a block of a vision transformer, dynamo": (vit(), newer(18)),
    "a block of a vision transformer, dynamo 20": (vit(), newer(20)),
    "group norm and GELU by tanh, scripted": (gelus(), older(17)),
    "group norm and GELU by tanh, dynamo 18": (gelus(), newer(18)),
    "group norm and GELU by tanh, dynamo 21": (gelus(), newer(21)),
    "an inverted bottleneck, opset 11": (bottleneck(), older(11)),
    "an inverted bottleneck, kept apart": (bottleneck(), older(13, "PRESERVE")),
    "an inverted bottleneck, any batch": (bottleneck(), older(15, input_names=["x"], dynamic_axes={"x": {0: "n"}})),
    "an inverted bottleneck, dynamo": (bottleneck(), newer(20)),
    "an inverted bottleneck, dynamo, not optimised": (bottleneck(), newer(18, optimize=False)),
    "pools that count up": (ceil(), older(13)),
    "pools that count up, dynamo": (ceil(), newer(18)),
    "dense blocks": (dense(), older(13)),
    "dense blocks, dynamo": (dense(), newer(18)),
    "an adaptive pool to more cells than it has, dynamo": (adaptive(), newer(18)),
}


def prepared(net):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3), module.running_var.uniform_(0.5, 1.5)
        for parameter in module.parameters(recurse=False):
            if parameter.dim() == 1:  # exporters leave zeros out and merge equal arrays
                nn.init.uniform_(parameter, 0.2, 0.8)
    return net.eval()


def case(name, net, options):
    file = export(prepared(net), options)
    images = torch.randint(0, 17, (2, 3, 8, 8)) / 16
    answers = net.double()(images.double())
    return {"name": name, "file": file, "images": images.permute(0, 2, 3, 1).reshape(-1).tolist(), "answers": answers.reshape(-1).tolist(), "log": False}


def channels_last(name, batch, head):
    """A network as tf2onnx writes Keras': turned at the door, SAME padding, biases as additions, turned back before the dense layer."""
    random = np.random.default_rng(3)
    w = {k: (random.standard_normal(s) * 0.4).astype(np.float32) for k, s in {"k1": (4, 3, 3, 3), "b1": (1, 4, 1, 1), "k2": (3, 4, 3, 3), "b2": (3,), "w": (12 if head == "flatten" else 3, 4), "b": (4,)}.items()}
    node = helper.make_node
    nodes = [
        node("Transpose", ["image"], ["x"], perm=[0, 3, 1, 2], name="door"),
        node("Conv", ["x", "k1"], ["c1"], auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3], name="conv1"),
        node("Add", ["c1", "b1"], ["a1"], name="bias1"),
        node("Relu", ["a1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3]),
        node("Conv", ["p1", "k2", "b2"], ["c2"], auto_pad="SAME_LOWER", strides=[1, 1], kernel_shape=[3, 3]),
        node("Transpose", ["c2"], ["t"], perm=[0, 2, 3, 1]),
        node("Reshape", ["t", "shape"], ["flat"]) if head == "flatten" else node("ReduceMean", ["t"], ["flat"], axes=[1, 2], keepdims=0),
        node("MatMul", ["flat", "w"], ["m"]),
        node("Add", ["m", "b"], ["logits"]),
        node("Softmax", ["logits"], ["answer"], axis=-1) if batch == "softmax" else node("Identity", ["logits"], ["answer"]),
    ]
    initialisers = [numpy_helper.from_array(v, k) for k, v in w.items()]
    if head == "flatten":
        initialisers.append(numpy_helper.from_array(np.array([-1, 12], np.int64), "shape"))
    graph = helper.make_graph(nodes, "keras", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["unk__1", 8, 8, 3])], [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["unk__1", 4])], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    images = (random.integers(0, 17, (2, 8, 8, 3)) / 16).astype(np.float32)
    del graph.node[-1]
    graph.output[0].CopyFrom(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["unk__1", 4]))
    (answers,) = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)).run(None, {"image": images})
    return {"name": name, "file": base64.b64encode(model.SerializeToString()).decode(), "images": images.reshape(-1).tolist(), "answers": answers.reshape(-1).tolist(), "log": False}


json.dump({
    "source": f"torch {torch.__version__}, onnx {onnx.__version__}",
    "networks": [
        *[case(name, *of) for name, of in NETS.items()],
        channels_last("channels last, flattened", "identity", "flatten"),
        channels_last("channels last, mean, softmax", "softmax", "mean"),
    ],
    "refused": [],
}, sys.stdout)
