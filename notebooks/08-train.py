"""Makes the files that notebook 08 audits: Flower's tutorial CNN after one round of FedAvg, and one client's own second round.

    python3 notebooks/08-train.py CIFAR_FOLDER notebooks/08-client

CIFAR_FOLDER holds CIFAR-10 in the binary layout. The client of round 2 has the first eight test images, which nothing else sees.
"""
import sys

import numpy as np
import torch
from torch import nn

ROUND1 = {"clients": 10, "images": 2000, "batch": 32, "rate": 0.05, "momentum": 0.9}
CLIENT = {"images": 8, "steps": 1, "rate": 0.05}


class Net(nn.Module):
    """The network of Flower's PyTorch quickstart."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x))).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def read(path):
    rows = np.fromfile(path, np.uint8).reshape(-1, 3073)
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32)).float() / 255, torch.from_numpy(rows[:, 0]).long()


def local_round(model, images, labels, steps, batch, **options):
    optimizer = torch.optim.SGD(model.parameters(), **options)
    for step in range(steps):
        rows = slice((step * batch) % len(images), (step * batch) % len(images) + batch)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model


def main(cifar, out):
    torch.manual_seed(8)
    torch.set_num_threads(1)
    model = Net()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    total = {name: torch.zeros_like(value) for name, value in start.items()}
    for client in range(ROUND1["clients"]):
        images, labels = read(f"{cifar}/data_batch_{1 + client // 5}.bin")
        mine = slice((client % 5) * ROUND1["images"], (client % 5 + 1) * ROUND1["images"])
        model.load_state_dict(start)
        steps = 2 * ROUND1["images"] // ROUND1["batch"]
        local_round(model, images[mine], labels[mine], steps, ROUND1["batch"], lr=ROUND1["rate"], momentum=ROUND1["momentum"])
        for name, value in model.state_dict().items():
            total[name] += value / ROUND1["clients"]
    model.load_state_dict(total)
    images, labels = read(f"{cifar}/test_batch.bin")
    with torch.no_grad():
        right = (model(images[1000:3000]).argmax(1) == labels[1000:3000]).float().mean()
    print(f"after round 1: {100 * right:.1f} % of 2000 test images")
    torch.save(model.state_dict(), f"{out}/before.pt")
    count = CLIENT["images"]
    local_round(model, images[:count], labels[:count], CLIENT["steps"], count, lr=CLIENT["rate"])
    torch.save(model.state_dict(), f"{out}/after.pt")
    np.savez(f"{out}/after.npz", *[value.numpy() for value in model.state_dict().values()])


if __name__ == "__main__":
    main(*sys.argv[1:])
