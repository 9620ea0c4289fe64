"""Reference values of 2s-AGCN and CTR-GCN: outputs and input gradients of small networks, and full sizes.

Run with a Python that has PyTorch and NumPy:

    python3 adaptive_gcns.py

Writes agcn.pth, agcn.json, ctrgcn.pth and ctrgcn.json beside itself, and prints the parameters of the networks at full size with a
classifier for 60 classes. Both networks are written from their papers (Shi et al., CVPR 2019; Chen et al., ICCV 2021);
modules are named as in PYSKL, so that state dicts have its keys. Where the files here differ from PYSKL's: 2s-AGCN has
the softmax of the paper and B as PA (PYSKL has its successor AAGCN), CTR-GCN has no further ReLU behind its temporal
branches, and both normalise the input with statistics per joint coordinate ("VC"), not per person as well.
"""

import json
import pathlib

import numpy as np
import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parent
EDGES = [(0, 1), (1, 2), (1, 3)]
CENTER = 1


def directed(joints, edges, center):
    """Joints themselves, neighbours nearer to the center, the others; columns of each matrix are means or zero."""
    hops = np.full((joints, joints), np.inf)
    np.fill_diagonal(hops, 0)
    for a, b in edges:
        hops[a, b] = hops[b, a] = 1
    for via in range(joints):
        hops = np.minimum(hops, hops[:, via : via + 1] + hops[via : via + 1])
    to_center = hops[center]
    parts = [np.eye(joints), np.zeros((joints, joints)), np.zeros((joints, joints))]
    for a, b in edges + [(b, a) for a, b in edges]:
        parts[1 if to_center[a] < to_center[b] else 2][a, b] = 1
    parts = np.stack(parts)
    return torch.tensor(parts / np.maximum(parts.sum(1, keepdims=True), 1), dtype=torch.float32)


def pointwise(channels, filters, stride=1):
    return nn.Conv2d(channels, filters, 1, stride=(stride, 1))


class Temporal(nn.Module):
    """Convolution along the frames and batch normalisation."""

    def __init__(self, channels, filters, kernel=9, stride=1, dilation=1):
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(
            channels, filters, (kernel, 1), stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1)
        )
        self.bn = nn.BatchNorm2d(filters)

    def forward(self, x):
        return self.bn(self.conv(x))


def shortcut(channels, filters):
    if channels == filters:
        return nn.Identity()
    return nn.Sequential(pointwise(channels, filters), nn.BatchNorm2d(filters))


class AdaptiveGraph(nn.Module):
    """2s-AGCN, eq. 3 to 5, with the residual connection of figure 2."""

    def __init__(self, channels, filters, graph):
        super().__init__()
        embedding, partitions = filters // 4, len(graph)
        self.graph = graph
        self.conv_a = nn.ModuleList(pointwise(channels, embedding) for _ in range(partitions))
        self.conv_b = nn.ModuleList(pointwise(channels, embedding) for _ in range(partitions))
        self.conv_d = nn.ModuleList(pointwise(channels, filters) for _ in range(partitions))
        self.PA = nn.Parameter(torch.zeros_like(graph))
        self.bn = nn.BatchNorm2d(filters)
        self.down = shortcut(channels, filters)

    def forward(self, x):
        total = 0
        for k, fixed in enumerate(self.graph):
            theta, phi = self.conv_a[k](x), self.conv_b[k](x)
            terms = theta.shape[1] * theta.shape[2]
            alike = torch.softmax(torch.einsum("nctv,nctw->nvw", theta, phi) / terms, dim=1)
            edges = fixed + self.PA[k] + alike
            total = total + self.conv_d[k](torch.einsum("nctv,nvw->nctw", x, edges))
        return torch.relu(self.bn(total) + self.down(x))


class Refinement(nn.Module):
    """CTR-GCN, eq. 4 to 7: one partition."""

    def __init__(self, channels, filters):
        super().__init__()
        relations = 8 if channels <= 16 else channels // 8
        self.conv1 = pointwise(channels, relations)
        self.conv2 = pointwise(channels, relations)
        self.conv3 = pointwise(channels, filters)
        self.conv4 = pointwise(relations, filters)

    def forward(self, x, shared, alpha):
        source, target = self.conv1(x).mean(2), self.conv2(x).mean(2)
        own = self.conv4(torch.tanh(source[:, :, :, None] - target[:, :, None, :]))
        return torch.einsum("nctv,ncvw->nctw", self.conv3(x), shared + alpha * own)


class RefinedGraph(nn.Module):
    """CTR-GCN, figure 3 (a): partitions summed, with a residual connection."""

    def __init__(self, channels, filters, graph):
        super().__init__()
        self.convs = nn.ModuleList(Refinement(channels, filters) for _ in graph)
        self.A = nn.Parameter(graph.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(filters)
        self.down = shortcut(channels, filters)

    def forward(self, x):
        total = sum(conv(x, self.A[k], self.alpha) for k, conv in enumerate(self.convs))
        return torch.relu(self.bn(total) + self.down(x))


class MultiScale(nn.Module):
    """CTR-GCN, figure 3 (b): two dilations, a max pool and a pointwise convolution side by side."""

    def __init__(self, channels, stride):
        super().__init__()
        quarter = channels // 4

        def reduced():
            return [pointwise(channels, quarter), nn.BatchNorm2d(quarter), nn.ReLU()]

        pool = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
        rest = channels - 3 * quarter
        self.branches = nn.ModuleList(
            [
                nn.Sequential(*reduced(), Temporal(quarter, quarter, 5, stride, 1)),
                nn.Sequential(*reduced(), Temporal(quarter, quarter, 5, stride, 2)),
                nn.Sequential(*reduced(), pool, nn.BatchNorm2d(quarter)),
                nn.Sequential(pointwise(channels, rest, stride), nn.BatchNorm2d(rest)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Block(nn.Module):
    """relu(temporal(spatial(x)) + residual(x)); the names of the two halves differ between the networks."""

    def __init__(self, names, spatial, temporal, residual):
        super().__init__()
        self.halves = names
        self.add_module(names[0], spatial)
        self.add_module(names[1], temporal)
        self.residual = residual

    def forward(self, x):
        spatial, temporal = (getattr(self, half) for half in self.halves)
        y = temporal(spatial(x))
        return torch.relu(y if self.residual is None else y + self.residual(x))


class Network(nn.Module):
    """[batch, persons, frames, joints, 3] to [batch, channels]."""

    def __init__(self, kind, graph, width=64, blocks=(4, 3, 3)):
        super().__init__()
        self.data_bn = nn.BatchNorm1d(graph.shape[1] * 3)
        modules, channels = [], 3
        for stage, count in enumerate(blocks):
            for block in range(count):
                filters = width * 2**stage
                stride = 2 if stage > 0 and block == 0 else 1
                if not modules:
                    residual = None
                elif channels == filters and stride == 1:
                    residual = nn.Identity()
                else:
                    residual = Temporal(channels, filters, 1, stride)
                if kind == "agcn":
                    halves = AdaptiveGraph(channels, filters, graph), Temporal(filters, filters, 9, stride)
                    modules.append(Block(("gcn", "tcn"), *halves, residual))
                else:
                    halves = RefinedGraph(channels, filters, graph), MultiScale(filters, stride)
                    modules.append(Block(("gcn1", "tcn1"), *halves, residual))
                channels = filters
        self.list = "gcn" if kind == "agcn" else "net"
        self.add_module(self.list, nn.ModuleList(modules))

    def forward(self, x):
        n, m, t, v, c = x.shape
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t))
        x = x.reshape(n * m, v, c, t).permute(0, 2, 3, 1)
        for block in getattr(self, self.list):
            x = block(x)
        return x.mean((2, 3)).reshape(n, m, -1).mean(1)


def golden(kind):
    torch.manual_seed(1)
    network = Network(kind, directed(4, EDGES, CENTER), width=8, blocks=(1, 2)).eval()
    with torch.no_grad():
        for weight in network.state_dict().values():
            if weight.is_floating_point():
                weight.add_(0.3 * torch.rand_like(weight))
    x = torch.randn(2, 2, 5, 4, 3, requires_grad=True)
    along = torch.randn(2, 16)
    y = network(x)
    (y * along).sum().backward()
    torch.save(network.state_dict(), FOLDER / f"{kind}.pth")
    numbers = {"input": x, "along": along, "output": y, "gradient": x.grad}
    values = {key: value.detach().flatten().tolist() for key, value in numbers.items()}
    (FOLDER / f"{kind}.json").write_text(json.dumps(values))


if __name__ == "__main__":
    # Joints of NTU RGB+D as its paper numbers them; the center is 21.
    pairs = "1-2 2-21 3-21 4-3 5-21 6-5 7-6 8-7 9-21 10-9 11-10 12-11 13-1 14-13 15-14 16-15 17-1 18-17 19-18 20-19 22-23 23-8 24-25 25-12"
    ntu = [tuple(int(joint) - 1 for joint in pair.split("-")) for pair in pairs.split()]
    for kind in ("agcn", "ctrgcn"):
        golden(kind)
        full = Network(kind, directed(25, ntu, 20))
        print(kind, sum(weight.numel() for weight in full.parameters()) + 256 * 60 + 60)
