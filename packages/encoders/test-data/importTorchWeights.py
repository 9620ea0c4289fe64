"""Reference data of importTorchWeights.test.ts, made with PyTorch.

Two small networks in eval mode, with weights and batch statistics away from where they start: R3D with the module
names of torchvision's r3d_18, and ST-GCN with those of PYSKL's. Each is written as .pth, .npz and .safetensors, with a
JSON of an input, the output, and the gradient of sum(output * along) with respect to the input. And one module for each
of tfjs's own layers, in one .npz, with an input and an output of each, channels last.

Run: /usr/bin/python3 packages/encoders/test-data/importTorchWeights.py  (torch 1.13, numpy)
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent


class R3dBlock(nn.Module):
    def __init__(self, inward, planes, stride):
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(inward, planes, 3, stride, 1, bias=False), nn.BatchNorm3d(planes), nn.ReLU()
        )
        self.conv2 = nn.Sequential(nn.Conv3d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm3d(planes))
        self.downsample = None
        if stride != 1 or inward != planes:
            self.downsample = nn.Sequential(nn.Conv3d(inward, planes, 1, stride, bias=False), nn.BatchNorm3d(planes))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.conv2(self.conv1(x)) + shortcut)


class R3d(nn.Module):
    """Tran et al., CVPR 2018, in small: stages of one and two blocks."""

    def __init__(self, width=4, classes=5):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(width), nn.ReLU()
        )
        self.layer1 = nn.Sequential(R3dBlock(width, width, 1), R3dBlock(width, width, 1))
        self.layer2 = nn.Sequential(R3dBlock(width, 2 * width, 2))
        self.fc = nn.Linear(2 * width, classes)

    def forward(self, x):
        """[batch, frames, height, width, 3] in [0, 1], normalised with the statistics of Kinetics-400."""
        x = (x - torch.tensor([0.43216, 0.394666, 0.37645])) / torch.tensor([0.22803, 0.22145, 0.216989])
        x = self.layer2(self.layer1(self.stem(x.permute(0, 4, 1, 2, 3))))
        return self.fc(x.mean((2, 3, 4)))


class GraphUnit(nn.Module):
    """Yan et al., AAAI 2018, eq. 9 and 10: all partitions' convolutions side by side."""

    def __init__(self, inward, outward, graph):
        super().__init__()
        self.register_buffer('A', graph)
        self.PA = nn.Parameter(torch.ones_like(graph))
        self.conv = nn.Conv2d(inward, outward * len(graph), 1)
        self.bn = nn.BatchNorm2d(outward)

    def forward(self, x):
        n, _, t, v = x.shape
        x = self.conv(x).view(n, len(self.A), -1, t, v)
        return torch.relu(self.bn(torch.einsum('nkctv,kvw->nctw', x, self.A * self.PA)))


class TemporalUnit(nn.Module):
    def __init__(self, inward, outward, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inward, outward, (kernel, 1), (stride, 1), (kernel // 2, 0))
        self.bn = nn.BatchNorm2d(outward)

    def forward(self, x):
        return self.bn(self.conv(x))


class GraphBlock(nn.Module):
    def __init__(self, inward, outward, graph, stride, first):
        super().__init__()
        self.gcn = GraphUnit(inward, outward, graph)
        self.tcn = TemporalUnit(outward, outward, 9, stride)
        self.first = first
        if not first and (inward != outward or stride != 1):
            self.residual = TemporalUnit(inward, outward, 1, stride)

    def forward(self, x):
        y = self.tcn(self.gcn(x))
        if not self.first:
            y = y + (self.residual(x) if hasattr(self, 'residual') else x)
        return torch.relu(y)


class Backbone(nn.Module):
    def __init__(self, graph, width):
        super().__init__()
        self.data_bn = nn.BatchNorm1d(3 * graph.shape[1])
        self.gcn = nn.ModuleList(
            [
                GraphBlock(3, width, graph, 1, True),
                GraphBlock(width, width, graph, 1, False),
                GraphBlock(width, 2 * width, graph, 2, False),
            ]
        )

    def forward(self, x):
        """[batch, persons, frames, joints, 3]; normalised over joints and coordinates, in that order."""
        n, m, t, v, c = x.shape
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t))
        x = x.view(n * m, v, c, t).permute(0, 2, 3, 1)
        for block in self.gcn:
            x = block(x)
        return x.mean((2, 3)).view(n, m, -1).mean(1)


class Head(nn.Module):
    def __init__(self, inward, classes):
        super().__init__()
        self.fc_cls = nn.Linear(inward, classes)


class Stgcn(nn.Module):
    def __init__(self, graph, width=4, classes=5):
        super().__init__()
        self.backbone = Backbone(graph, width)
        self.cls_head = Head(2 * width, classes)

    def forward(self, x):
        return self.cls_head.fc_cls(self.backbone(x))


def spatial_partition(joints, edges, center):
    """A of Yan et al., section 3.4: root, joints not nearer to the center, joints nearer; columns of the sum are means."""
    near = np.eye(joints)
    for a, b in edges:
        near[a, b] = near[b, a] = 1
    hops = np.full((joints, joints), np.inf)
    for distance in range(joints, -1, -1):
        hops[np.linalg.matrix_power(near, distance) > 0] = distance
    parts = np.zeros((3, joints, joints), np.float32)
    for source in range(joints):
        for target in range(joints):
            if hops[source, target] > 1:
                continue
            farther = hops[source, center] - hops[target, center]
            part = 0 if source == target else 1 if farther >= 0 else 2
            parts[part, source, target] = 1 / near[:, target].sum()
    return torch.from_numpy(parts)


def perturbWeights(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not value.is_floating_point() or name.endswith('.A'):
                continue
            noise = torch.rand(value.shape, generator=generator)
            if name.endswith('running_var') or name.endswith('PA'):
                value.copy_(0.5 + noise)
            else:
                value.add_(0.3 * (noise - 0.5))


def write_safetensors(path, tensors):
    header, data, offset = {}, [], 0
    types = {'float32': 'F32', 'int64': 'I64'}
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {
            'dtype': types[str(array.dtype)],
            'shape': list(array.shape),
            'data_offsets': [offset, offset + len(raw)],
        }
        data.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(data))


def numbers(tensor):
    return [float(f'{value:.7g}') for value in tensor.detach().flatten().tolist()]


def write(name, model, x, checkpoint):
    model.eval()
    x.requires_grad_()
    logits = model(x)
    along = torch.linspace(-1, 1, logits.numel()).view(logits.shape)
    (logits * along).sum().backward()
    torch.save(checkpoint(model.state_dict()), HERE / f'{name}.pth')
    arrays = {key: value.numpy() for key, value in model.state_dict().items()}
    np.savez_compressed(HERE / f'{name}.npz', **arrays)
    write_safetensors(HERE / f'{name}.safetensors', arrays)
    golden = {
        'input': numbers(x),
        'along': numbers(along),
        'output': numbers(logits),
        'gradient': numbers(x.grad),
    }
    (HERE / f'{name}.json').write_text(json.dumps(golden) + '\n')


torch.manual_seed(1)
r3d = R3d()
perturbWeights(r3d, 2)
write('importR3d', r3d, torch.rand(1, 2, 12, 12, 3), lambda weights: weights)

graph = spatial_partition(5, [(0, 1), (1, 2), (1, 3), (3, 4)], center=1)
stgcn = Stgcn(graph)
perturbWeights(stgcn, 3)
# As mmcv's runner saves it, from a model that was trained on several devices.
write(
    'importStgcn',
    stgcn,
    torch.randn(2, 2, 8, 5, 3),
    lambda weights: {
        'meta': {'epoch': 16, 'time': 'never'},
        'state_dict': type(weights)((f'module.{key}', value) for key, value in weights.items()),
        'optimizer': {'state': {0: {'momentum_buffer': torch.zeros(2)}}, 'param_groups': [{'lr': 0.1, 'params': [0]}]},
    },
)

# Shapes of the inputs as PyTorch has them, without the batch.
modules = {
    'dense': (nn.Linear(3, 4), (3,)),
    'conv1d': (nn.Conv1d(2, 3, 2), (2, 5)),
    'conv2d': (nn.Conv2d(2, 3, (2, 1)), (2, 4, 3)),
    'conv3d': (nn.Conv3d(2, 3, (1, 2, 3), bias=False), (2, 2, 3, 4)),
    'transposed': (nn.ConvTranspose2d(2, 3, (2, 3)), (2, 3, 2)),
    'depthwise': (nn.Conv2d(2, 6, (2, 3), groups=2), (2, 3, 4)),
    'batchNorm': (nn.BatchNorm2d(3), (3, 2, 2)),
    'layerNorm': (nn.LayerNorm(4), (4,)),
    'embedding': (nn.Embedding(5, 3), None),
}
golden = {}
for seed, (name, (module, shape)) in enumerate(modules.items()):
    perturbWeights(module.eval(), seed)
    x = torch.randint(0, 5, (2, 3)) if shape is None else torch.randn(2, *shape)
    last = (lambda t: t.movedim(1, -1)) if shape and name != 'layerNorm' else (lambda t: t)
    x_last, y_last = last(x), last(module(x))
    golden[name] = {
        'inputShape': list(x_last.shape),
        'input': numbers(x_last.contiguous()),
        'outputShape': list(y_last.shape),
        'output': numbers(y_last.contiguous()),
    }
np.savez(
    HERE / 'importBuiltIn.npz',
    **{f'{name}.{key}': value.numpy() for name, (module, _) in modules.items() for key, value in module.state_dict().items()},
)
(HERE / 'importBuiltIn.json').write_text(json.dumps(golden) + '\n')
