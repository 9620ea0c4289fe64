"""The video networks of this package in PyTorch, as golden data for its tests.

Written from the papers; the modules are called what torchvision (R3D, MC3, R(2+1)D) and PyTorchVideo (I3D, SlowOnly,
X3D) call them, so that their files stand for those packages' files. Run with PyTorch 1.13 or later:

    python3 packages/encoders/test-data/video_networks.py

For each tiny network it writes video-NAME.pth, the state dict, and video-NAME.json: an input with values in [0, 1], the
logits in eval mode (output), weights of the logits (along), and the gradient of their weighted sum with respect to the
input, the weights being such that its largest value is 1. The networks at full size are only counted: video-sizes.json.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
CLASSES = 3


def conv(inward, outward, kernel, stride=(1, 1, 1), groups=1):
    padding = [size // 2 for size in kernel]
    return nn.Conv3d(inward, outward, kernel, stride, padding, groups=groups, bias=False)


class Named(nn.Module):
    """Modules under given names, some of which may be nothing."""

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            if module is not None:
                self.add_module(name, module)


# torchvision's names


def around(kind, inward, outward, middle, stride):
    """A 3x3x3 convolution, a 1x3x3 one, or the two halves of a (2+1)D one."""
    time, height, width = stride
    if kind == "joint":
        return conv(inward, outward, (3, 3, 3), stride)
    if kind == "spatial":
        return conv(inward, outward, (1, 3, 3), stride)
    return nn.Sequential(
        conv(inward, middle, (1, 3, 3), (1, height, width)),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        conv(middle, outward, (3, 1, 1), (time, 1, 1)),
    )


class Block(nn.Module):
    def __init__(self, kind, inward, planes, stride, bottleneck):
        super().__init__()
        outward = planes * (4 if bottleneck else 1)
        middle = inward * planes * 27 // (inward * 9 + planes * 3)
        once = (1, 1, 1)

        def step(convolution, channels, relu=True):
            return nn.Sequential(convolution, nn.BatchNorm3d(channels), *([nn.ReLU()] if relu else []))

        if bottleneck:
            self.conv1 = step(conv(inward, planes, once), planes)
            self.conv2 = step(around(kind, planes, planes, middle, stride), planes)
            self.conv3 = step(conv(planes, outward, once), outward, relu=False)
        else:
            self.conv1 = step(around(kind, inward, planes, middle, stride), planes)
            self.conv2 = step(around(kind, planes, planes, middle, once), planes, relu=False)
            self.conv3 = nn.Identity()
        if inward != outward or stride != once:
            self.downsample = step(conv(inward, outward, once, stride), outward, relu=False)
        else:
            self.downsample = nn.Identity()

    def forward(self, x):
        return torch.relu(self.conv3(self.conv2(self.conv1(x))) + self.downsample(x))


class VideoResNet(nn.Module):
    def __init__(self, convolution, blocks, width=64, bottleneck=False, hara=False, classes=CLASSES):
        super().__init__()
        half = (1, 2, 2)
        if convolution == "r2plus1d":
            middle = max(1, math.floor(45 * width / 64 + 0.5))
            first, second = conv(3, middle, (1, 7, 7), half), conv(middle, width, (3, 1, 1))
            parts = [first, nn.BatchNorm3d(middle), nn.ReLU(), second, nn.BatchNorm3d(width), nn.ReLU()]
        else:
            kernel = (7, 7, 7) if hara else (3, 7, 7)
            parts = [conv(3, width, kernel, half), nn.BatchNorm3d(width), nn.ReLU()]
        if hara:
            parts.append(nn.MaxPool3d(3, 2, 1))
        self.stem = nn.Sequential(*parts)
        channels = width
        self.stages = len(blocks)
        for stage, count in enumerate(blocks):
            kind = {"r3d": "joint", "mc3": "spatial" if stage else "joint", "r2plus1d": "factored"}[convolution]
            stride = (1, 1, 1) if stage == 0 else half if convolution == "mc3" else (2, 2, 2)
            layer = []
            for block in range(count):
                planes = width * 2**stage
                layer.append(Block(kind, channels, planes, (1, 1, 1) if block else stride, bottleneck))
                channels = planes * (4 if bottleneck else 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layer))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.stem(x)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean([2, 3, 4]))


# PyTorchVideo's names


class ResBlock(Named):
    def forward(self, x):
        shortcut = x
        if hasattr(self, "branch1_conv"):
            shortcut = self.branch1_conv(x)
        if hasattr(self, "branch1_norm"):
            shortcut = self.branch1_norm(shortcut)
        return torch.relu(shortcut + self.branch2(x))


class Bottleneck(Named):
    def __init__(self, inward, inner, outward, first, second, stride, depthwise=False, squeezed=None):
        norm_b = nn.BatchNorm3d(inner)
        if depthwise:
            norm_b = nn.Sequential(norm_b, Gate(inner, squeezed) if squeezed else nn.Identity())
        super().__init__(
            conv_a=conv(inward, inner, first),
            norm_a=nn.BatchNorm3d(inner),
            conv_b=conv(inner, inner, second, stride, groups=inner if depthwise else 1),
            norm_b=norm_b,
            conv_c=conv(inner, outward, (1, 1, 1)),
            norm_c=nn.BatchNorm3d(outward),
        )
        self.inside = nn.functional.silu if depthwise else torch.relu

    def forward(self, x):
        x = torch.relu(self.norm_a(self.conv_a(x)))
        x = self.inside(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class Gate(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        down, up = nn.Conv3d(channels, squeezed, 1), nn.Conv3d(squeezed, channels, 1)
        self.block = nn.Sequential(down, nn.ReLU(), up, nn.Sigmoid())

    def forward(self, x):
        return x * self.block(x.mean([2, 3, 4], keepdim=True))


class Stage(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.res_blocks = nn.ModuleList(blocks)

    def forward(self, x):
        for block in self.res_blocks:
            x = block(x)
        return x


class Stem(Named):
    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        return self.pool(x) if hasattr(self, "pool") else x


class Halves(Named):
    """Over space and then over time; PyTorchVideo calls the first half conv_t."""

    def forward(self, x):
        return self.conv_xy(self.conv_t(x))


class Head(Named):
    def forward(self, x):
        x = self.pool(x) if hasattr(self, "pool") else x.mean([2, 3, 4], keepdim=True)
        return self.proj(x.permute(0, 2, 3, 4, 1)).flatten(1)


class ProjectedPool(Named):
    def forward(self, x):
        x = torch.relu(self.pre_norm(self.pre_conv(x))).mean([2, 3, 4], keepdim=True)
        return torch.relu(self.post_conv(x))


class Net(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def resnet50(stem_frames, frames, temporal_pool, blocks=(3, 4, 6, 3), width=64, classes=CLASSES):
    """A ResNet-50 of which the first convolutions of some blocks see several frames."""
    half = (1, 2, 2)
    parts = [
        Stem(
            conv=conv(3, width, (stem_frames, 7, 7), half),
            norm=nn.BatchNorm3d(width),
            pool=nn.MaxPool3d((1, 3, 3), half, (0, 1, 1)),
        )
    ]
    channels = width
    for stage, count in enumerate(blocks):
        stride = half if stage else (1, 1, 1)
        inner = width * 2**stage
        layer = []
        for block in range(count):
            once = (1, 1, 1)
            kernel = (frames[stage][block % len(frames[stage])], 1, 1)
            step = once if block else stride
            changes = channels != inner * 4 or step != once
            layer.append(
                ResBlock(
                    branch1_conv=conv(channels, inner * 4, once, step) if changes else None,
                    branch1_norm=nn.BatchNorm3d(inner * 4) if changes else None,
                    branch2=Bottleneck(channels, inner, inner * 4, kernel, (1, 3, 3), step),
                )
            )
            channels = inner * 4
        parts.append(Stage(layer))
        if stage == 0 and temporal_pool:
            parts.append(nn.MaxPool3d((2, 1, 1), (2, 1, 1)))
    return Net([*parts, Head(proj=nn.Linear(channels, classes))])


def i3d(**options):
    return resnet50(5, ((3,), (3, 1), (3, 1), (1, 3)), True, **options)


def slow(**options):
    return resnet50(1, ((1,), (1,), (3,), (3,)), False, **options)


def squeezed_width(channels):
    """A sixteenth, rounded to a multiple of 8 that is not much less."""
    exact = channels / 16
    width = max(8, int(exact + 4) // 8 * 8)
    return width + 8 if width < 0.9 * exact else width


def x3d(blocks=(3, 5, 11, 7), width=24, head=2048, classes=CLASSES):
    halves = Halves(
        conv_t=conv(3, width, (1, 3, 3), (1, 2, 2)), conv_xy=conv(width, width, (5, 1, 1), groups=width)
    )
    parts = [Stem(conv=halves, norm=nn.BatchNorm3d(width))]
    channels = width
    for stage, count in enumerate(blocks):
        outward = width * 2**stage
        inner = int(2.25 * outward)
        layer = []
        for block in range(count):
            step = (1, 1, 1) if block else (1, 2, 2)
            widens = channels != outward
            squeezed = None if block % 2 else squeezed_width(inner)
            inside = Bottleneck(channels, inner, outward, (1, 1, 1), (3, 3, 3), step, True, squeezed)
            layer.append(
                ResBlock(
                    branch1_conv=None if block else conv(channels, outward, (1, 1, 1), step),
                    branch1_norm=nn.BatchNorm3d(outward) if widens else None,
                    branch2=inside,
                )
            )
            channels = outward
        parts.append(Stage(layer))
    pool = ProjectedPool(
        pre_conv=conv(channels, inner, (1, 1, 1)),
        pre_norm=nn.BatchNorm3d(inner),
        post_conv=conv(inner, head, (1, 1, 1)),
    )
    return Net([*parts, Head(pool=pool, proj=nn.Linear(head, classes))])


def golden(name, network, shape, mean, std):
    """The state dict of a network with statistics of its own, and what it makes of an input."""
    generator = torch.Generator().manual_seed(7)

    def uniform(like, low, high):
        return low + (high - low) * torch.rand(like.shape, generator=generator)

    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.weight.copy_(uniform(module.weight, 0.7, 1.3))
                module.bias.copy_(uniform(module.bias, -0.3, 0.3))
                module.running_mean.copy_(uniform(module.running_mean, -0.3, 0.3))
                module.running_var.copy_(uniform(module.running_var, 0.7, 1.3))
            elif isinstance(module, (nn.Conv3d, nn.Linear)):
                fan = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * math.sqrt(2 / fan))
                if module.bias is not None:
                    module.bias.copy_(uniform(module.bias, -0.3, 0.3))
    network.eval()
    x = torch.rand((1, *shape), generator=generator).requires_grad_()
    normal = (x - torch.tensor(mean)) / torch.tensor(std)
    logits = network(normal.permute(0, 4, 1, 2, 3))
    along = torch.randn(logits.shape, generator=generator)
    (gradient,) = torch.autograd.grad((logits * along).sum(), x)
    largest = gradient.abs().max()
    torch.save(network.state_dict(), HERE / f"video-{name}.pth")

    def flat(tensor):
        return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]

    values = {
        "input": flat(x),
        "output": flat(logits),
        "along": flat(along / largest),
        "gradient": flat(gradient / largest),
    }
    (HERE / f"video-{name}.json").write_text(json.dumps(values) + "\n")
    print(name, values["output"], float(gradient.abs().mean() / largest))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


KINETICS = ([0.43216, 0.394666, 0.37645], [0.22803, 0.22145, 0.216989])
GRAY = ([0.45] * 3, [0.225] * 3)
DEPTHS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def main():
    torch.manual_seed(0)
    clip = [4, 16, 16, 3]
    golden("hara", VideoResNet("r3d", (1, 1), 4, hara=True), clip, *KINETICS)
    golden("r3d-bottleneck", VideoResNet("r3d", (1, 1), 4, bottleneck=True), clip, *KINETICS)
    golden("mc3", VideoResNet("mc3", (1, 2), 4), clip, *KINETICS)
    golden("r2plus1d", VideoResNet("r2plus1d", (1, 2), 4), clip, *KINETICS)
    golden("r2plus1d-bottleneck", VideoResNet("r2plus1d", (1, 1), 4, bottleneck=True), clip, *KINETICS)
    golden("i3d", i3d(blocks=(1, 2), width=4), [5, 16, 16, 3], *GRAY)
    golden("slow", slow(blocks=(1, 1, 1), width=4), clip, *GRAY)
    golden("x3d", x3d(blocks=(2, 2), width=8, head=16), clip, *GRAY)

    sizes = {}
    for kind in ("r3d", "mc3", "r2plus1d"):
        for depth, blocks in DEPTHS.items():
            sizes[f"{kind}_{depth}"] = count(VideoResNet(kind, blocks, bottleneck=depth == 50, classes=400))
    for depth, blocks in DEPTHS.items():
        sizes[f"hara_{depth}"] = count(
            VideoResNet("r3d", blocks, bottleneck=depth == 50, hara=True, classes=400)
        )
    sizes["i3d_r50"] = count(i3d(classes=400))
    sizes["slow_r50"] = count(slow(classes=400))
    sizes["x3d_s"] = count(x3d(classes=400))
    sizes["x3d_l"] = count(x3d((5, 10, 25, 15), classes=400))
    (HERE / "video-sizes.json").write_text(json.dumps(sizes, indent=2) + "\n")
    print(sizes)


if __name__ == "__main__":
    main()
