"""What the scripts of exported networks share: a network by a function, two short forms, and its file without traces of a machine."""
import base64, contextlib, io, os, tempfile
import torch
import torch.nn as nn
import torch.nn.functional as F

flat = lambda x: torch.flatten(x, 1)
pooled = lambda x: flat(F.adaptive_avg_pool2d(x, 1))


class Net(nn.Module):
    """Named modules and parameters, drawn from a normal law of deviation 0.3, and a function of them and the image."""

    def __init__(self, run, parameters=(), **modules):
        super().__init__()
        self.run = run
        for name, module in modules.items():
            setattr(self, name, module)
        for name, shape in dict(parameters).items():
            setattr(self, name, nn.Parameter(torch.randn(shape) * 0.3))

    def forward(self, x):
        return self.run(self, x)


def export(net, options):
    import onnx

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = os.path.join(folder, "net.onnx")
        torch.onnx.export(net, (torch.rand(2, 3, 8, 8),), path, **options)
        model = onnx.load(path)
    for node in model.graph.node:  # stack traces name the machine
        del node.metadata_props[:]
    for value in list(model.graph.value_info) + list(model.graph.input) + list(model.graph.output):
        del value.metadata_props[:]
    del model.metadata_props[:], model.graph.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    return base64.b64encode(model.SerializeToString()).decode()
