"""The PyTorch side of the benchmark of networks: the same networks, samples, attacks and training steps.

Started by the benchmark, which writes weights, layers' configs, samples, budgets and tasks into one safetensors file:

    python3 networks.py --inputs FILE --task NAME --threads 2 --device cpu [--batch N]

It reads a line of JSON for each request and answers with one, as src/protocol.ts has it. Without --task it only says
which PyTorch it runs on. Needs PyTorch 1.13 or later and NumPy.
"""

import argparse
import json
import os
import re
import resource
import struct
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--inputs")
arguments.add_argument("--task")
arguments.add_argument("--batch", type=int)
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--device", default="cpu")
given = arguments.parse_args()
# Before the import: libraries read it when they are loaded.
os.environ["OMP_NUM_THREADS"] = str(given.threads)

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class BenchmarkInputs:
    """What the benchmark wrote: weights by `layer/weight`, layers' configs, samples, budgets, tasks."""

    def __init__(self, path):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
            data = file.read()
        self.__dict__.update(json.loads(header.pop("__metadata__")["benchmark"]))
        self.unused, self.inputs, self.labels = {}, {}, None
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            values = np.frombuffer(data[start:end], "<f4" if entry["dtype"] == "F32" else "<i4")
            tensor = torch.from_numpy(values.reshape(entry["shape"]).copy())
            kind, _, rest = name.partition("/")
            if kind == "weights":
                self.unused[rest] = tensor
            elif kind == "inputs":
                self.inputs[rest] = tensor[: given.batch] if given.batch else tensor
            else:
                self.labels = (tensor[: given.batch] if given.batch else tensor).long()

    def weight(self, layer, weight):
        return self.unused.pop(f"{layer}/{weight}")

    def has(self, layer):
        return layer in self.layers

    # Modules with their weights. Kernels are [sizes, in, out] in tfjs and [out, in, sizes] here.

    def convolution(self, layer):
        config = self.layers[layer]
        kernel = self.weight(layer, "kernel")
        inward, outward = kernel.shape[-2:]
        if kernel.dim() == 5:
            module = nn.Conv3d(
                inward, outward, config["kernelSize"], config["strides"], config["padding"], bias=False
            )
        else:
            size = config["kernelSize"]
            module = nn.Conv2d(inward, outward, (size, 1), (config["stride"], 1), (size // 2, 0))
            fill(module.bias, self.weight(layer, "bias"))
        fill(module.weight, kernel.permute(-1, -2, *range(kernel.dim() - 2)))
        return module

    def norm(self, layer, kind):
        config = self.layers[layer]
        gamma = self.weight(layer, "gamma")
        module = kind(len(gamma), config["epsilon"], 1 - config["momentum"])
        fill(module.weight, gamma)
        fill(module.bias, self.weight(layer, "beta"))
        fill(module.running_mean, self.weight(layer, "moving_mean"))
        fill(module.running_var, self.weight(layer, "moving_variance"))
        return module

    def linear(self, layer):
        kernel = self.weight(layer, "kernel")
        module = nn.Linear(*kernel.shape)
        fill(module.weight, kernel.t())
        fill(module.bias, self.weight(layer, "bias"))
        return module

    def blocks(self, modality):
        """Names of the residual blocks' parts, in order: `rgbStage1Block1`."""
        found = [re.match(rf"{modality}Stage(\d+)Block(\d+)", layer) for layer in self.layers]
        numbers = sorted({tuple(map(int, match.groups())) for match in found if match})
        return [f"{modality}Stage{stage}Block{block}" for stage, block in numbers]


def fill(parameter, values):
    with torch.no_grad():
        parameter.copy_(values)


class VideoBlock(nn.Module):
    def __init__(self, source, part):
        super().__init__()
        step = lambda name: nn.Sequential(
            source.convolution(f"{part}{name}"), source.norm(f"{part}{name}Norm", nn.BatchNorm3d)
        )
        self.first, self.second = step("Conv1"), step("Conv2")
        self.shortcut = step("Shortcut") if source.has(f"{part}Shortcut") else nn.Identity()

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class VideoEncoder(nn.Module):
    """3D ResNet with basic blocks: [batch, channels, frames, height, width] to a map of the last stage."""

    def __init__(self, source, modality):
        super().__init__()
        config = source.layers[f"{modality}Normalized"]
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(config[name]).reshape(1, -1, 1, 1, 1))
        self.stem = source.convolution(f"{modality}Stem")
        self.stem_norm = source.norm(f"{modality}StemNorm", nn.BatchNorm3d)
        self.blocks = nn.Sequential(*(VideoBlock(source, part) for part in source.blocks(modality)))

    def forward(self, x):
        x = (x - self.mean) / self.std
        return self.blocks(torch.relu(self.stem_norm(self.stem(x))))


class GraphUnit(nn.Module):
    """
    Graph convolution of ST-GCN with learned edge importance. The product with the graph, PYSKL's
    einsum("nkctv,kvw->nctw"), is a convolution over partitions and joints as channels: several times as fast where
    PyTorch has no fast BLAS, as in Debian, and where it has one, a copy slower at most.
    """

    def __init__(self, source, layer):
        super().__init__()
        kernel = source.weight(layer, "kernel")
        self.partitions, inward, outward = kernel.shape
        self.conv = nn.Conv2d(inward, self.partitions * outward, 1)
        fill(self.conv.weight, kernel.permute(0, 2, 1).reshape(self.partitions * outward, inward, 1, 1))
        fill(self.conv.bias, source.weight(layer, "bias").flatten())
        self.register_buffer("edges", torch.tensor(source.layers[layer]["adjacency"]))
        self.importance = nn.Parameter(source.weight(layer, "edgeImportance"))

    def forward(self, x):
        n, _, t, v = x.shape
        apart = self.conv(x).view(n, self.partitions, -1, t, v).permute(0, 1, 4, 2, 3)
        into = (self.edges * self.importance).flatten(0, 1).t()
        return F.conv2d(apart.flatten(1, 2), into[:, :, None, None]).permute(0, 2, 3, 1)


class SkeletonBlock(nn.Module):
    def __init__(self, source, part, first):
        super().__init__()
        norm = lambda name: source.norm(f"{part}{name}Norm", nn.BatchNorm2d)
        self.graph = nn.Sequential(GraphUnit(source, f"{part}Graph"), norm("Graph"))
        self.temporal = nn.Sequential(source.convolution(f"{part}Temporal"), norm("Temporal"))
        self.first = first
        self.shortcut = nn.Identity()
        if source.has(f"{part}Shortcut"):
            self.shortcut = nn.Sequential(source.convolution(f"{part}Shortcut"), norm("Shortcut"))

    def forward(self, x):
        y = self.temporal(torch.relu(self.graph(x)))
        return torch.relu(y if self.first else y + self.shortcut(x))


class SkeletonEncoder(nn.Module):
    """ST-GCN on bodies that are all there: [batch, persons, frames, joints, 3] to [batch, C, persons, frames, joints]."""

    def __init__(self, source, modality):
        super().__init__()
        self.root = source.layers[f"{modality}Centered"]["root"]
        self.norm = source.norm(f"{modality}InputNorm", nn.BatchNorm1d)
        parts = source.blocks(modality)
        self.blocks = nn.Sequential(
            *(SkeletonBlock(source, part, i == 0) for i, part in enumerate(parts))
        )

    def forward(self, x):
        n, m, t, v, c = x.shape
        x = x - x[:, :1, :, self.root : self.root + 1].mean(2, keepdim=True)
        x = self.norm(x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t))
        x = self.blocks(x.view(n * m, v, c, t).permute(0, 2, 3, 1))
        return x.view(n, m, *x.shape[1:]).transpose(1, 2)


class Reweighter(nn.Module):
    """The attention modality reweighter with a weight for each modality, as @amr/layers defines it."""

    def __init__(self, source, layer):
        super().__init__()
        for name in ("hiddenKernel", "hiddenBias", "attentionKernel", "attentionBias"):
            self.register_parameter(name, nn.Parameter(source.weight(layer, name)))
        self.temperature = source.layers[layer]["temperature"]

    def forward(self, maps):
        hidden = torch.relu(torch.cat([means(x) for x in maps], 1) @ self.hiddenKernel + self.hiddenBias)
        logits = (hidden @ self.attentionKernel + self.attentionBias) / self.temperature
        scales = len(maps) * torch.softmax(logits, 1)
        return [x * scales[:, i].reshape(-1, *[1] * (x.dim() - 1)) for i, x in enumerate(maps)]


def means(x):
    """[batch, C, ...] to [batch, C]."""
    return x.mean(tuple(range(2, x.dim())))


class Network(nn.Module):
    """Encoders, the reweighter between them if there is one, and heads on the pooled features."""

    def __init__(self, source):
        super().__init__()
        self.modalities = source.modalities
        self.encoders = nn.ModuleDict(
            {m: (SkeletonEncoder if m == "skeleton" else VideoEncoder)(source, m) for m in self.modalities}
        )
        self.reweighter = Reweighter(source, "reweighter") if source.has("reweighter") else None
        self.logits = source.linear("logits")
        two = len(self.modalities) > 1
        self.auxiliary = nn.ModuleList(source.linear(f"{m}Logits") for m in self.modalities if two)
        rate = source.layers.get("fusionDropout", {}).get("rate", 0)
        self.dropout = nn.Dropout(rate) if rate else nn.Identity()

    def maps(self, inputs):
        return {m: self.encoders[m](x) for m, x in inputs.items()}

    def heads(self, maps, auxiliary=False):
        maps = [maps[m] for m in self.modalities]
        if self.reweighter:
            maps = self.reweighter(maps)
        pooled = [means(x) for x in maps]
        logits = self.logits(self.dropout(torch.cat(pooled, 1)))
        return [logits, *(head(x) for head, x in zip(self.auxiliary, pooled))] if auxiliary else logits

    def forward(self, inputs, auxiliary=False):
        return self.heads(self.maps(inputs), auxiliary)


def attack(network, inputs, labels, budgets, attacked, steps, random_start=False, frozen=False):
    """PGD: steps along the sign of the gradient of the summed cross-entropy, in every attacked input at once."""
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    network.eval()
    clean = {m: inputs[m] for m in attacked}
    fixed = {m: x for m, x in inputs.items() if m not in clean}
    if frozen:
        with torch.no_grad():
            held = network.maps(fixed)
        logits_of = lambda moved: network.heads({**held, **network.maps(moved)})
    else:
        logits_of = lambda moved: network({**fixed, **moved})
    masks = {m: (x != 0).any(-1, True).any(-2, True) for m, x in clean.items() if m == "skeleton"}
    moved = {}
    for m, x in clean.items():
        moved[m] = x
        if random_start:
            epsilon = budgets[m]["epsilon"]
            moved[m] = inside(x, x + torch.empty_like(x).uniform_(-epsilon, epsilon), budgets[m], masks.get(m))
    for _ in range(steps):
        moved = {m: x.detach().requires_grad_() for m, x in moved.items()}
        loss = F.cross_entropy(logits_of(moved), labels, reduction="sum")
        gradients = torch.autograd.grad(loss, list(moved.values()))
        with torch.no_grad():
            for (m, x), gradient in zip(moved.items(), gradients):
                step = 2.5 * budgets[m]["epsilon"] / steps
                moved[m] = inside(clean[m], x + step * gradient.sign(), budgets[m], masks.get(m))
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    return {**fixed, **moved}


def inside(clean, moved, budget, mask):
    """Back into the ball, the range, and what may be changed at all."""
    delta = (moved - clean).clamp_(-budget["epsilon"], budget["epsilon"])
    if mask is not None:
        delta = delta * mask
    moved = clean + delta
    return moved.clamp_(*budget["range"]) if "range" in budget else moved


def training_step(network, optimizer, inputs, labels):
    network.train()
    outputs = network(inputs, auxiliary=True)
    loss = sum(F.cross_entropy(logits, labels) for logits in outputs)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()


def adam(network, rate, decay=0):
    decayed = [p for p in network.parameters() if p.dim() >= 2]
    others = [p for p in network.parameters() if p.dim() < 2]
    if not decay:
        return torch.optim.Adam(network.parameters(), rate, eps=1e-7)
    groups = [{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0}]
    return torch.optim.AdamW(groups, rate, eps=1e-7)


def work_of(source, task, network, inputs, labels):
    """A function that does the task once and gives what contestants compare, or nothing."""
    kind = task["kind"]
    attacked = task.get("attacked", source.modalities)
    budgets = source.budgets
    if kind == "forward":
        network.eval()

        def work():
            with torch.inference_mode():
                return network(inputs)

    elif kind == "gradient":
        network.eval().requires_grad_(False)

        def work():
            moved = {m: x.detach().requires_grad_() for m, x in inputs.items()}
            loss = F.cross_entropy(network(moved), labels, reduction="sum")
            gradients = torch.autograd.grad(loss, list(moved.values()))
            return [channels_last(m, g) for m, g in zip(moved, gradients)]

    elif kind == "training":
        optimizer = adam(network, 1e-3)

        def work():
            return training_step(network, optimizer, inputs, labels)

    elif kind == "attack":

        def work():
            moved = attack(
                network, inputs, labels, budgets, attacked, task["steps"], frozen=task.get("frozen", False)
            )
            with torch.no_grad():
                return F.cross_entropy(network(moved), labels)

    elif kind == "adversarial":
        optimizer = adam(network, 1e-3)

        def work():
            moved = attack(network, inputs, labels, budgets, attacked, task["steps"], random_start=True)
            training_step(network, optimizer, moved, labels)

    else:
        training = source.training
        size = training["batchSize"]

        def work():
            optimizer = adam(network, training["learningRate"], training["weightDecay"])
            order = torch.randperm(len(labels), device=labels.device)
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                batch = {m: x[rows] for m, x in inputs.items()}
                moved = attack(
                    network, batch, labels[rows], budgets, attacked, training["attackSteps"], random_start=True
                )
                training_step(network, optimizer, moved, labels[rows])

    return work


def channels_last(modality, x):
    return x if modality == "skeleton" else x.permute(0, 2, 3, 4, 1)


def some(values):
    """Those that src/protocol.ts compares."""
    if values is None:
        return None
    flat = torch.cat([x.reshape(-1) for x in values]) if isinstance(values, list) else values.reshape(-1)
    step = max(1, len(flat) // 500)
    return [float(value) for value in flat[::step][:500].cpu()]


def memory(field):
    """Bytes; on Linux what the kernel counted since the program was started, without what the parent had."""
    try:
        with open("/proc/self/status") as status:
            return 1024 * int(re.search(rf"{field}:\s+(\d+)", status.read()).group(1))
    except OSError:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def blas():
    """The file of the BLAS library that is loaded, where that can be seen."""
    try:
        with open("/proc/self/maps") as maps:
            found = {line.split()[-1] for line in maps if re.search(r"lib(open)?blas|libmkl_core", line)}
        return ", ".join(sorted(os.path.realpath(path) for path in found)) or "inside PyTorch"
    except OSError:
        return "unknown"


def about():
    build = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    dnn = re.search(r"MKL-DNN v([\d.]+)|oneDNN v([\d.]+)", torch.__config__.show())
    versions = {
        "PyTorch": torch.__version__,
        "BLAS": f"{build.group(1) if build else 'unknown'} ({blas()})",
        "oneDNN": (dnn.group(1) or dnn.group(2)) if dnn else "none",
        "Python": sys.version.split()[0],
    }
    if given.device == "cuda":
        versions["GPU"] = torch.cuda.get_device_name()
    return versions


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        return say({"error": "this PyTorch sees no CUDA device"})
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    baseline = memory("VmRSS")
    if not given.task:
        return say({"baseline": baseline, "about": about()})
    source = BenchmarkInputs(given.inputs)
    network = Network(source).to(device)
    if source.unused:
        return say({"error": f"weights that this script does not know: {', '.join(source.unused)}"})
    inputs = {
        m: (x if m == "skeleton" else x.permute(0, 4, 1, 2, 3).contiguous()).to(device)
        for m, x in source.inputs.items()
    }
    work = work_of(source, source.tasks[given.task], network, inputs, source.labels.to(device))
    say({"baseline": baseline})
    for line in sys.stdin:
        request = json.loads(line)
        runs, milliseconds, processor, values = 0, 0, 0, None
        while runs == 0 or milliseconds < request["atLeast"]:
            start, before = time.perf_counter(), time.process_time()
            result = work()
            wait()
            milliseconds += 1000 * (time.perf_counter() - start)
            processor += 1000 * (time.process_time() - before)
            runs += 1
            if request["compare"]:
                values = some(result)
        answer = {
            "milliseconds": milliseconds / runs,
            "processor": processor / runs,
            "runs": runs,
            "peak": memory("VmHWM"),
            "values": values,
        }
        if device.type == "cuda":
            answer["device"] = torch.cuda.max_memory_allocated()
        say(answer)


try:
    main()
except (RuntimeError, KeyError, MemoryError) as error:
    say({"error": f"{type(error).__name__}: {error}"})
