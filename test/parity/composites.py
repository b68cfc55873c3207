"""Forward values and gradients of the composites from PyTorch, as the independent truth for our own.

    python test/parity/composites.py        writes test/parity/composites.json (Python 3.12, torch, numpy, transformers 5.5.4)

Inputs are float32 numbers made by `formula.py` from a name (`COMPOSITE/INPUT`). Results are computed in float64 on those
inputs; `float32Error` is the largest absolute difference that PyTorch's own float32 run shows, a yardstick for tolerances.
Gradients are those of the sum over all outputs of `sum(output * weight)`, the weight made from `COMPOSITE/OUTPUT weight`.
Axes are letters of `src/graph/axes.ts`; linear weights are `[out in]` as in PyTorch.
"""

import math
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F
from transformers.models.smolvlm.modeling_smolvlm import SmolVLMConnector

import formula
from writing import number, rounded, write

Tensors = dict[str, torch.Tensor]


@dataclass
class Composite:
    """`inputs` are differentiated (name → axes and shape), `given` are integers, booleans or times stored as they are."""

    says: str
    inputs: dict[str, tuple[str, tuple[int, ...]]]
    given: dict[str, tuple[str, torch.Tensor]]
    outputs: dict[str, str]
    run: Callable[[Tensors, Tensors], Tensors]
    scale: float = 1.0


def grouped_attention(x: Tensors, given: Tensors) -> Tensors:
    """Query by query over the keys it may read, and no others: no mask value that could leak."""
    query, key, value, may_read = x["query"], x["key"], x["value"], given["mayRead"]
    rows, queries, heads, width = query.shape
    output = []
    for b in range(rows):
        for q in range(queries):
            keys = may_read[b, q].nonzero().flatten()
            for a in range(heads):
                g = a // (heads // key.shape[2])
                if len(keys) == 0:
                    output.append(query.new_zeros(width))
                    continue
                scores = key[b, keys, g] @ query[b, q, a] / math.sqrt(width)
                output.append(scores.softmax(0) @ value[b, keys, g])
    return {"output": torch.stack(output).reshape(query.shape)}


def rms(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


def adaptive_rms(x: Tensors, given: Tensors) -> Tensors:
    scale, shift, gate = F.linear(x["condition"], x["weight"], x["bias"])[:, None].chunk(3, dim=-1)
    return {"normed": rms(x["x"]) * (1 + scale) + shift, "gate": gate[:, 0]}


def rope(x: Tensors, given: Tensors) -> Tensors:
    """As rotation of the pair (i, i + f/2) by the angle position / 10000^(2i/f), written with complex numbers."""
    first, second = x["x"].chunk(2, dim=-1)
    half = first.shape[-1]
    frequency = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = given["positions"].double()[..., None, None] * frequency
    turned = torch.complex(first, second) * torch.polar(torch.ones_like(angle), angle).to(first.dtype.to_complex())
    return {"output": torch.cat([turned.real, turned.imag], dim=-1)}


def patch_embedding(x: Tensors, given: Tensors) -> Tensors:
    patches = F.conv2d(x["image"].permute(0, 3, 1, 2), x["weight"], x["bias"], stride=x["weight"].shape[-1])
    return {"output": patches.flatten(2).transpose(1, 2)}


def pixel_shuffle_connector(x: Tensors, given: Tensors) -> Tensors:
    return {"output": F.linear(SmolVLMConnector.pixel_shuffle(None, x["x"], 2), x["weight"])}


def pooled_connector(x: Tensors, given: Tensors) -> Tensors:
    """As `Gemma3MultiModalProjector`, which norms in float32 whatever its input; our weight is its transpose."""
    picture = x["x"].transpose(1, 2).unflatten(2, (4, 4))
    pooled = F.avg_pool2d(picture, kernel_size=2, stride=2).flatten(2).transpose(1, 2)
    return {"output": F.linear(rms(pooled) * (1 + x["scale"]), x["weight"])}


def sine_cosine_positions(x: Tensors, given: Tensors) -> Tensors:
    """big_vision's and openpi's `posemb_sincos_2d`, in their words."""
    row, column = torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij")
    omega = torch.arange(2, dtype=torch.float64) / (2 - 1)
    omega = 1.0 / (10_000.0**omega)
    row = torch.einsum("m,d->md", row.flatten().double(), omega)
    column = torch.einsum("m,d->md", column.flatten().double(), omega)
    table = torch.cat([column.sin(), column.cos(), row.sin(), row.cos()], dim=1)
    return {"output": x["x"] + table.to(x["x"].dtype)}


def resized_positions(x: Tensors, given: Tensors) -> Tensors:
    """As `SiglipVisionEmbeddings.interpolate_pos_encoding`: to 5 patches along each side, and to 2."""
    table = x["table"].unflatten(0, (3, 3)).permute(2, 0, 1)[None]
    resized = lambda side: F.interpolate(table, size=(side, side), mode="bicubic", align_corners=False)[0].flatten(1).T
    return {"larger": resized(5), "smaller": resized(2)}


def cross_entropy(x: Tensors, given: Tensors) -> Tensors:
    targets = torch.where(given["tokenReal"].bool(), given["targets"], -100)
    return {"loss": F.cross_entropy(x["logits"].transpose(1, 2), targets, ignore_index=-100, reduction="none")}


def time_embedding(x: Tensors, given: Tensors) -> Tensors:
    fraction = torch.linspace(0.0, 1.0, 5, dtype=torch.float64)
    period = 4e-3 * (4.0 / 4e-3) ** fraction
    angle = given["time"].double()[:, None] / period * 2 * math.pi
    return {"output": torch.cat([angle.sin(), angle.cos()], dim=-1)}


def composites() -> dict[str, Composite]:
    may_read = [
        [[1, 1, 0, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]],
        [[0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [1, 0, 1, 1, 1]],
    ]
    points = {"x": ("b n", (2, 12))}
    linear = F.linear
    return {
        "attention": Composite(
            "softmax(q k / sqrt(f)) v, 4 query heads over 2 key/value heads (head a reads group a // 2); a query that may read nothing yields zeros",
            {"query": ("b q a f", (2, 3, 4, 4)), "key": ("b k g f", (2, 5, 2, 4)), "value": ("b k g f", (2, 5, 2, 4))},
            {"mayRead": ("b q k", torch.tensor(may_read))},
            {"output": "b q a f"},
            grouped_attention,
            2.0,
        ),
        "rmsNorm": Composite(
            "Gemma: x * rsqrt(mean(x^2) + 1e-6) * (1 + scale)",
            {"x": ("b n e", (2, 3, 8)), "scale": ("e", (8,))},
            {},
            {"output": "b n e"},
            lambda x, given: {"output": rms(x["x"]) * (1 + x["scale"])},
        ),
        "adaptiveRmsNorm": Composite(
            "openpi: linear(condition) = scale, shift, gate in this order; normed = x * rsqrt(mean(x^2) + 1e-6) * (1 + scale) + shift; weight is [3e, condition]",
            {"x": ("b n e", (2, 3, 8)), "condition": ("b x", (2, 5)), "weight": ("m x", (24, 5)), "bias": ("m", (24,))},
            {},
            {"normed": "b n e", "gate": "b e"},
            adaptive_rms,
        ),
        "layerNorm": Composite(
            "population variance, eps 1e-6, weight and bias as stored (no offset)",
            {"x": ("b n e", (2, 3, 8)), "weight": ("e", (8,)), "bias": ("e", (8,))},
            {},
            {"output": "b n e"},
            lambda x, given: {"output": F.layer_norm(x["x"], (8,), x["weight"], x["bias"], 1e-6)},
        ),
        "geluTanh": Composite(
            "tanh form", points, {}, {"output": "b n"}, lambda x, given: {"output": F.gelu(x["x"], approximate="tanh")}, 4.0
        ),
        "silu": Composite("x * sigmoid(x)", points, {}, {"output": "b n"}, lambda x, given: {"output": F.silu(x["x"])}, 4.0),
        "rope": Composite(
            "base 10000, half split: (first, second) halves of f turn by position / 10000^(2i/f)",
            {"x": ("b n a f", (2, 4, 2, 8))},
            {"positions": ("b n", torch.tensor([[0, 1, 2, 3], [0, 0, 5, 311]]))},
            {"output": "b n a f"},
            rope,
        ),
        "gatedMlp": Composite(
            "down(gelu tanh(gate(x)) * up(x)), no biases",
            {"x": ("b n e", (2, 3, 6)), "gate": ("m e", (10, 6)), "up": ("m e", (10, 6)), "down": ("e m", (6, 10))},
            {},
            {"output": "b n e"},
            lambda x, given: {
                "output": linear(F.gelu(linear(x["x"], x["gate"]), approximate="tanh") * linear(x["x"], x["up"]), x["down"])
            },
        ),
        "patchEmbedding": Composite(
            "2 x 2 patches, row-major, as a convolution of stride 2; the weight is PyTorch's [e c i j], so as a linear it reads a patch in the order (c, i, j)",
            {"image": ("b h w c", (2, 4, 6, 3)), "weight": ("e c i j", (4, 3, 2, 2)), "bias": ("e", (4,))},
            {},
            {"output": "b p e"},
            patch_embedding,
        ),
        "pixelShuffleConnector": Composite(
            "SmolVLM: 4 x 4 patches in squares of 2 x 2; a token is the patches of a square, laid end to end row by row, through one map",
            {"x": ("b n e", (2, 16, 3)), "weight": ("e j", (5, 12))},
            {},
            {"output": "b n e"},
            pixel_shuffle_connector,
        ),
        "pooledConnector": Composite(
            "Gemma 3: 4 x 4 patches in squares of 2 x 2; a token is the mean of a square, normed with eps 1e-6 and 1 + scale, through one map",
            {"x": ("b n e", (2, 16, 6)), "scale": ("e", (6,)), "weight": ("e j", (5, 6))},
            {},
            {"output": "b n e"},
            pooled_connector,
        ),
        "sineCosinePositions": Composite(
            "3 x 3 patches plus [sin, cos] of the column, then of the row, at rates 1 and 1/10000",
            {"x": ("b n e", (2, 9, 8))},
            {},
            {"output": "b n e"},
            sine_cosine_positions,
        ),
        "resizedPositions": Composite(
            "a table of 3 x 3 rows, resized by bicubic interpolation without aligned corners to 5 x 5 and to 2 x 2",
            {"table": ("n e", (9, 4))},
            {},
            {"larger": "n e", "smaller": "n e"},
            resized_positions,
        ),
        "embedding": Composite(
            "rows of a table by id, with repeated ids and one row never read",
            {"table": ("y e", (5, 6))},
            {"ids": ("b n", torch.tensor([[1, 4, 1, 1], [0, 2, 4, 1]]))},
            {"output": "b n e"},
            lambda x, given: {"output": F.embedding(given["ids"], x["table"])},
        ),
        "crossEntropy": Composite(
            "-log softmax(logits)[target] of each real token, 0 where the token is not real (its target is not to be read)",
            {"logits": ("b n y", (2, 4, 7))},
            {
                "targets": ("b n", torch.tensor([[3, 0, 6, 2], [6, 6, 1, 0]])),
                "tokenReal": ("b n", torch.tensor([[1, 1, 0, 1], [1, 0, 0, 0]])),
            },
            {"loss": "b n"},
            cross_entropy,
            4.0,
        ),
        "timeEmbedding": Composite(
            "openpi posemb_sincos of width 10: [sin, cos] of 2 pi time / period, periods 4e-3 ... 4.0 geometric, ends included; all in float64",
            {},
            {"time": ("b", torch.tensor([0.001, 0.1, 0.25, 0.5371, 1.0], dtype=torch.float32).double())},
            {"output": "b e"},
            time_embedding,
        ),
    }


def evaluated(name: str, composite: Composite, dtype: torch.dtype) -> tuple[Tensors, Tensors]:
    """Outputs and gradients at one precision, on the same float32 inputs."""
    inputs = {
        part: torch.from_numpy(formula.values(f"{name}/{part}", shape, composite.scale, 0.0)).to(dtype).requires_grad_()
        for part, (_, shape) in composite.inputs.items()
    }
    outputs = composite.run(inputs, {part: tensor for part, (_, tensor) in composite.given.items()})
    total = sum((output * weight_of(name, part, output)).sum() for part, output in outputs.items())
    if inputs:
        total.backward()
    return outputs, {part: tensor.grad for part, tensor in inputs.items()}


def weight_of(name: str, part: str, output: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(formula.values(f"{name}/{part} weight", tuple(output.shape), 1.0, 0.0)).to(output.dtype)


def entry(name: str, composite: Composite) -> dict:
    outputs, gradients = evaluated(name, composite, torch.float64)
    outputs32, gradients32 = evaluated(name, composite, torch.float32)
    made = lambda part, axes, shape, scale: {
        "axes": axes,
        "shape": list(shape),
        "formula": f"{name}/{part}",
        "seed": formula.seed_of(f"{name}/{part}"),
        "scale": scale,
        "offset": 0,
    }
    error = lambda exact, single: number((exact - single.double()).abs().max().item())
    return {
        "says": composite.says,
        "inputs": {part: made(part, axes, shape, composite.scale) for part, (axes, shape) in composite.inputs.items()},
        "given": {
            part: {"axes": axes, "shape": list(tensor.shape), "cells": tensor.flatten().tolist()}
            for part, (axes, tensor) in composite.given.items()
        },
        "outputs": {
            part: {
                "axes": axes,
                "shape": list(outputs[part].shape),
                "weight": made(f"{part} weight", axes, outputs[part].shape, 1),
                "cells": rounded(outputs[part]),
                "float32Error": error(outputs[part], outputs32[part]),
            }
            for part, axes in composite.outputs.items()
        },
        "gradients": {
            part: {"cells": rounded(gradient), "float32Error": error(gradient, gradients32[part])}
            for part, gradient in gradients.items()
        },
    }


if __name__ == "__main__":
    write(
        Path(__file__).with_name("composites.json"),
        {
            "says": "Forward values and gradients of composites, computed by PyTorch in float64 on float32 inputs.",
            "command": "python test/parity/composites.py",
            "madeWith": f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}",
            "formula": formula.description(),
            "composites": {name: entry(name, composite) for name, composite in composites().items()},
        },
    )
