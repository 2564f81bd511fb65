"""Two published recipes in PyTorch, for test/bench/time-to-picture.ts: a job in JSON on standard input, pictures and seconds in JSON.

`authors`: Yue et al. 2023: |g(x) - q|^2 over a latent a quarter as wide, bicubic, 100 steps of Adam from 0.05 down to 0.005.
`breaching`: the default `invertinggradients` of the framework of that name (Geiping et al. 2020): the angle and 0.2 of total
variation at full size, 24,000 steps of Adam on signs from 0.1, down by ten at 3/8, 5/8 and 7/8, pictures of standard deviation 1.
"""
import base64
import json
import sys
import time

import torch
import torch.nn.functional as F

job = json.load(sys.stdin)
torch.manual_seed(1)
torch.set_num_threads(job["threads"])


def tensor(array):
    data = torch.frombuffer(bytearray(base64.b64decode(array["data"])), dtype=torch.float32)
    return data.reshape(array["shape"]).clone()


weights = [tensor(w).requires_grad_() for w in job["weights"]]
received = [tensor(q) for q in job["update"]]
labels = torch.tensor(job["labels"])
size, batch = job["size"], len(job["labels"])


def lenet(x, w):
    kernel = lambda k: w[k].permute(3, 2, 0, 1)
    x = F.relu(F.max_pool2d(F.conv2d(x, kernel(0), w[1], padding=2), 2))
    x = F.relu(F.max_pool2d(F.conv2d(x, kernel(2), w[3], padding=2), 2))
    return F.relu(x.permute(0, 2, 3, 1).flatten(1) @ w[4]) @ w[5]


def update(x):
    return torch.autograd.grad(F.cross_entropy(lenet(x, weights), labels), weights, create_graph=True)


def total_variation(x):
    return (x[..., 1:, :] - x[..., :-1, :]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()


def authors(iterations):
    z = torch.rand(batch, 3, size // 4, size // 4, requires_grad=True)
    decode = lambda: F.interpolate(z, scale_factor=4, mode="bicubic", align_corners=False)
    adam = torch.optim.Adam([z], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, iterations, eta_min=0.005)
    for _ in range(iterations):
        objective = sum(((g - q) ** 2).sum() for g, q in zip(update(decode()), received))
        (z.grad,) = torch.autograd.grad(objective, [z])
        adam.step()
        schedule.step()
    return decode()


def breaching(iterations):
    mean, deviation = 0.5, 0.25
    x = torch.randn(batch, 3, size, size, requires_grad=True)
    adam = torch.optim.Adam([x], lr=0.1)
    milestones = [iterations * k // 8 for k in (3, 5, 7)]
    schedule = torch.optim.lr_scheduler.MultiStepLR(adam, milestones, gamma=0.1)
    length = sum((q**2).sum() for q in received).sqrt()
    for _ in range(iterations):
        grads = update(mean + deviation * x)
        inner = sum((g * q).sum() for g, q in zip(grads, received))
        angle = 1 - inner / (sum((g**2).sum() for g in grads).sqrt() * length)
        (gradient,) = torch.autograd.grad(angle + 0.2 * total_variation(x), [x])
        x.grad = gradient.sign()
        adam.step()
        schedule.step()
        with torch.no_grad():
            x.clamp_(-mean / deviation, (1 - mean) / deviation)
    return mean + deviation * x


begin = time.perf_counter()
pictures = {"authors": authors, "breaching": breaching}[job["recipe"]](job["iterations"])
seconds = time.perf_counter() - begin
data = pictures.detach().clamp(0, 1).permute(0, 2, 3, 1).contiguous().numpy().tobytes()
print(json.dumps({"engine": f"torch {torch.__version__}", "seconds": seconds, "data": base64.b64encode(data).decode()}))
