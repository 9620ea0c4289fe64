"""Reference values of ST-GCN++, ST-GCN, HCN and the 1D ResNet: outputs and input gradients of small networks, full sizes.

Run from this folder with a Python that has PyTorch and NumPy:

    python3 skeleton_networks.py

Writes stgcnpp, stgcn-uniform, stgcn-distance, hcn, hcn-mean and resnet1d, each as .pth and .json, and prints the
parameters of the networks at full size. They are written from their papers (Duan et al., ACM MM 2022; Yan et al., AAAI
2018; Li et al., IJCAI 2018; Wang et al., IJCNN 2017); modules of the graph networks are named as in PYSKL, those of HCN
as in its authors' skelact, so that state dicts have their keys.
"""

import json

import numpy as np
import torch
from torch import nn

EDGES = [(0, 1), (1, 2), (1, 3)]
CENTER = 1
NTU = "1-2 2-21 3-21 4-3 5-21 6-5 7-6 8-7 9-21 10-9 11-10 12-11 13-1 14-13 15-14 16-15 17-1 18-17 19-18 20-19 22-8 23-8 24-12 25-12"
COCO = "15-13 13-11 16-14 14-12 11-5 12-6 9-7 7-5 10-8 8-6 5-0 6-0 1-0 3-1 2-0 4-2"


def edges_of(text, first):
    return [tuple(int(joint) - first for joint in pair.split("-")) for pair in text.split()]


def hops(joints, edges):
    distance = np.full((joints, joints), np.inf)
    np.fill_diagonal(distance, 0)
    for a, b in edges:
        distance[a, b] = distance[b, a] = 1
    for via in range(joints):
        distance = np.minimum(distance, distance[:, via : via + 1] + distance[via : via + 1])
    return distance


def partition(kind, joints, edges, center):
    """A as [partition, from, to]: ST-GCN, section 3.4, and the directed one of PYSKL's 'spatial' graphs."""
    distance = hops(joints, edges)
    near = (distance <= 1).astype(float)
    if kind == "uniform":
        parts = near[None]
    elif kind == "distance":
        parts = np.stack([np.eye(joints), near - np.eye(joints)])
    else:
        outward = (near > 0) & (distance[:, center][:, None] < distance[center][None])
        parts = np.stack([np.eye(joints), outward, near - np.eye(joints) - outward])
    neighbours = parts.sum(1, keepdims=True) if kind == "directed" else near.sum(0)
    return torch.tensor(parts / np.maximum(neighbours, 1), dtype=torch.float32)


class Temporal(nn.Module):
    """Convolution along the frames, with batch normalisation or without."""

    def __init__(self, channels, filters, kernel=9, stride=1, dilation=1, norm=True):
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(channels, filters, (kernel, 1), (stride, 1), (padding, 0), (dilation, 1))
        self.bn = nn.BatchNorm2d(filters) if norm else nn.Identity()

    def forward(self, x):
        return self.bn(self.conv(x))


class Graph(nn.Module):
    """ST-GCN, eq. 10, with edge importance; in ST-GCN++ the edges are learned, and there is a residual connection."""

    def __init__(self, channels, filters, graph, learned):
        super().__init__()
        if learned:
            self.A = nn.Parameter(graph.clone())
        else:
            self.register_buffer("A", graph)
            self.PA = nn.Parameter(torch.ones_like(graph))
        self.conv = nn.Conv2d(channels, filters * len(graph), 1)
        self.bn = nn.BatchNorm2d(filters)
        self.learned = learned
        if learned and channels != filters:
            self.down = nn.Sequential(nn.Conv2d(channels, filters, 1), nn.BatchNorm2d(filters))

    def forward(self, x):
        edges = self.A if self.learned else self.A * self.PA
        apart = self.conv(x).unflatten(1, (len(edges), -1))
        y = self.bn(torch.einsum("nkctv,kvw->nctw", apart, edges))
        if self.learned:
            y = y + (self.down(x) if hasattr(self, "down") else x)
        return torch.relu(y)


class MultiScale(nn.Module):
    """ST-GCN++: four dilations, a max pool and a pointwise convolution side by side, mixed by another one."""

    def __init__(self, channels, stride):
        super().__init__()
        sixth = channels // 6

        def reduced(width):
            return [nn.Conv2d(channels, width, 1), nn.BatchNorm2d(width), nn.ReLU()]

        branches = []
        for dilation in (1, 2, 3, 4):
            width = channels - 5 * sixth if dilation == 1 else sixth
            branches.append(nn.Sequential(*reduced(width), Temporal(width, width, 3, stride, dilation, norm=False)))
        branches.append(nn.Sequential(*reduced(sixth), nn.MaxPool2d((3, 1), (stride, 1), (1, 0))))
        branches.append(nn.Conv2d(channels, sixth, 1, (stride, 1)))
        self.branches = nn.ModuleList(branches)
        self.transform = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 1))
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.bn(self.transform(torch.cat([branch(x) for branch in self.branches], 1)))


class Block(nn.Module):
    def __init__(self, channels, filters, graph, stride, plus, first):
        super().__init__()
        self.gcn = Graph(channels, filters, graph, plus)
        self.tcn = MultiScale(filters, stride) if plus else Temporal(filters, filters, 9, stride)
        self.first = first
        if not first and (channels != filters or stride != 1):
            self.residual = Temporal(channels, filters, 1, stride)

    def forward(self, x):
        y = self.tcn(self.gcn(x))
        if not self.first:
            y = y + (self.residual(x) if hasattr(self, "residual") else x)
        return torch.relu(y)


class GraphNetwork(nn.Module):
    """[batch, persons, frames, joints, 3] to [batch, channels]."""

    def __init__(self, graph, plus, width=64, blocks=(4, 3, 3), stream=lambda x: x):
        super().__init__()
        self.data_bn = nn.BatchNorm1d(graph.shape[1] * 3)
        modules, channels = [], 3
        for stage, count in enumerate(blocks):
            for block in range(count):
                filters = width * 2**stage
                stride = 2 if stage > 0 and block == 0 else 1
                modules.append(Block(channels, filters, graph, stride, plus, first=not modules))
                channels = filters
        self.gcn = nn.ModuleList(modules)
        self.stream = stream

    def forward(self, x):
        x = self.stream(x)
        n, m, t, v, c = x.shape
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t))
        x = x.reshape(n * m, v, c, t).permute(0, 2, 3, 1)
        for block in self.gcn:
            x = block(x)
        return x.mean((2, 3)).reshape(n, m, -1).mean(1)


def bones(x):
    """To each joint from its neighbour on the way to the center of the small graph."""
    return x - x[..., [1, 1, 1, 1], :]


def steps(x):
    return torch.cat([x[:, :, 1:] - x[:, :, :-1], torch.zeros_like(x[:, :, :1])], 2)


class Permute(nn.Module):
    def forward(self, x):
        return x.permute(0, 3, 2, 1)


def point_and_joints(width, between, joints):
    """HCN, section 3.1: features of each joint, then joints as channels."""
    return nn.Sequential(
        nn.Conv2d(3, width, 1),
        nn.ReLU(),
        nn.Conv2d(width, between, (3, 1), padding=(1, 0)),
        Permute(),
        nn.Conv2d(joints, width // 2, 3, padding=1),
        nn.MaxPool2d(2),
        nn.Conv2d(width // 2, width, 3, padding=1),
        nn.MaxPool2d(2),
    )


class Hcn(nn.Module):
    """[batch, persons, frames, joints, 3] to [batch, hidden]."""

    def __init__(self, joints=25, frames=32, width=64, between=32, hidden=256, pooling="max"):
        super().__init__()
        self.net_l = point_and_joints(width, between, joints)
        self.net_m = point_and_joints(width, between, joints)
        self.conv5 = nn.Sequential(nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.MaxPool2d(2), nn.ReLU())
        self.conv6 = nn.Sequential(nn.Conv2d(2 * width, 4 * width, 3, padding=1), nn.MaxPool2d(2), nn.ReLU())
        self.fc7 = nn.Sequential(nn.Linear(4 * width * (frames // 16) * (between // 16), hidden), nn.ReLU())
        self.pooling = pooling

    def forward(self, x):
        n, m, t, v, c = x.shape
        points = x.reshape(n * m, t, v, c).permute(0, 3, 1, 2)
        motion = torch.cat([torch.zeros_like(points[:, :, :1]), points[:, :, 1:] - points[:, :, :-1]], 2)
        y = self.conv6(self.conv5(torch.cat([self.net_l(points), self.net_m(motion)], 1)))
        bodies = y.reshape(n, m, -1)
        return self.fc7(bodies.max(1)[0] if self.pooling == "max" else bodies.mean(1))


class SeriesBlock(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        sizes = [channels, width, width]
        self.convs = nn.ModuleList(
            nn.Conv1d(inward, width, kernel, padding="same") for inward, kernel in zip(sizes, (8, 5, 3))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(3))
        self.conv = nn.Identity() if channels == width else nn.Conv1d(channels, width, 1)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x):
        y = x
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            y = norm(conv(y))
            if i < 2:
                y = torch.relu(y)
        return torch.relu(y + self.norm(self.conv(x)))


class SeriesNetwork(nn.Module):
    """[batch, frames, channels] to [batch, the last width]."""

    def __init__(self, channels, widths=(64, 128, 128)):
        super().__init__()
        self.blocks = nn.Sequential(*(SeriesBlock(a, b) for a, b in zip((channels, *widths), widths)))

    def forward(self, x):
        return self.blocks(x.permute(0, 2, 1)).mean(2)


def golden(name, network, shape):
    torch.manual_seed(1)
    network.eval()
    with torch.no_grad():
        for key, weight in network.state_dict().items():
            fixed = key.endswith(".A") and f"{key[:-1]}PA" in network.state_dict()
            if weight.is_floating_point() and not fixed:
                weight.add_(0.3 * torch.rand_like(weight))
    x = torch.randn(*shape, requires_grad=True)
    y = network(x)
    along = torch.randn_like(y)
    (y * along).sum().backward()
    torch.save(network.state_dict(), f"{name}.pth")
    numbers = {"input": x, "along": along, "output": y, "gradient": x.grad}
    with open(f"{name}.json", "w") as file:
        json.dump({key: [float(f"{v:.7g}") for v in value.detach().flatten().tolist()] for key, value in numbers.items()}, file)


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


if __name__ == "__main__":
    torch.manual_seed(1)
    small = {kind: partition(kind, 4, EDGES, CENTER) for kind in ("directed", "uniform", "distance")}
    clip = (2, 2, 9, 4, 3)
    golden("stgcnpp", GraphNetwork(small["directed"], True, 7, (1, 2)), clip)
    golden("stgcn-uniform", GraphNetwork(small["uniform"], False, 4, (1, 2), bones), clip)
    golden("stgcn-distance", GraphNetwork(small["distance"], False, 4, (1, 1), lambda x: steps(bones(x))), clip)
    golden("hcn", Hcn(4, 32, 4, 16, 6), (2, 2, 32, 4, 3))
    golden("hcn-mean", Hcn(4, 32, 4, 16, 6, "mean"), (2, 2, 32, 4, 3))
    golden("resnet1d", SeriesNetwork(3, (4, 6, 6)), (2, 10, 3))

    head = 256 * 60 + 60
    for layout, joints, edges, center in (("ntu", 25, edges_of(NTU, 1), 20), ("coco", 17, edges_of(COCO, 0), 0)):
        print("stgcnpp", layout, parameters(GraphNetwork(partition("directed", joints, edges, center), True)) + head)
    print("hcn, 32 frames", parameters(Hcn()) + head)
    print("hcn, 64 frames", parameters(Hcn(frames=64)) + head)
    print("hcn, 64 frames, 64 channels, 512 features", parameters(Hcn(frames=64, between=64, hidden=512)) + 512 * 60 + 60)
    print("resnet1d, 6 and 1 channels", parameters(SeriesNetwork(6)), parameters(SeriesNetwork(1)))
