"""What the scripts of exported networks share: a network by a function, and two short forms."""
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
