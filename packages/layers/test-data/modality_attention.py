"""Writes modality_attention.json: self-attention over two modalities' pooled features, done by PyTorch.

The blocks are torch.nn.TransformerEncoderLayer with norm_first, on the tokens that ModalityAttention documents.
The file holds the weights in the order and layout of the layer's getWeights(), inputs, the fused output, the last
block's attention, and the gradients of sum(fused * along) for the inputs.

Run beside this file, with PyTorch 1.13: python3 modality_attention.py
"""

import json

import torch
from torch import nn

UNITS, HEADS, HIDDEN, BLOCKS, BATCH = 6, 2, 9, 2, 3
SHAPES = [[2, 2, 3], [4]]

torch.manual_seed(0)
projections = [torch.randn(shape[-1], UNITS) for shape in SHAPES]
embedding = torch.randn(len(SHAPES), UNITS)
blocks = [
    nn.TransformerEncoderLayer(UNITS, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=True)
    for _ in range(BLOCKS)
]
norm = nn.LayerNorm(UNITS)
for module in [*blocks, norm]:
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0.3, 0.7)

inputs = [torch.randn(BATCH, *shape, requires_grad=True) for shape in SHAPES]
along = torch.randn(BATCH, UNITS)

pooled = [x.flatten(1, -2).mean(1) if x.dim() > 2 else x for x in inputs]
tokens = torch.stack([s @ p for s, p in zip(pooled, projections)], 1) + embedding
for block in blocks:
    looked = block.norm1(tokens)
    _, attention = block.self_attn(looked, looked, looked, need_weights=True, average_attn_weights=True)
    tokens = block(tokens)
fused = norm(tokens).mean(1)
(fused * along).sum().backward()

weights = [*projections, embedding]
for block in blocks:
    weights += [block.norm1.weight, block.norm1.bias]
    kernels = block.self_attn.in_proj_weight.chunk(3)
    biases = block.self_attn.in_proj_bias.chunk(3)
    for kernel, bias in zip(kernels, biases):
        weights += [kernel.T, bias]
    weights += [block.self_attn.out_proj.weight.T, block.self_attn.out_proj.bias]
    weights += [block.norm2.weight, block.norm2.bias]
    for linear in [block.linear1, block.linear2]:
        weights += [linear.weight.T, linear.bias]
weights += [norm.weight, norm.bias]


def listed(tensor):
    """Nested lists, with the digits that float32 has."""
    if tensor.dim() == 0:
        return float(f"{tensor.item():.8g}")
    return [listed(part) for part in tensor]


with open("modality_attention.json", "w") as file:
    json.dump(
        {
            "units": UNITS,
            "heads": HEADS,
            "blocks": BLOCKS,
            "expansion": HIDDEN / UNITS,
            "weights": [listed(w) for w in weights],
            "inputs": [listed(x) for x in inputs],
            "along": listed(along),
            "fused": listed(fused),
            "attention": listed(attention),
            "gradients": [listed(x.grad) for x in inputs],
        },
        file,
    )
    file.write("\n")
