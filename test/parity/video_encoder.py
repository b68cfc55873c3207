"""A SigLIP tower that looks back (OpenTau's SpaceTimeSiglipVideoEncoder), in PyTorch, as the independent truth for our own.

    python test/parity/video_encoder.py     writes test/parity/video-encoder.json (Python 3.11, torch, numpy)

Every second layer (counted from one) reads values over time, patch by patch: z = norm(h + e(t)); q, k, v of z once;
V' = attention over the slots with causal ∧ key-real mask; out = attention over the patches of each picture with the same q, k
and V'; the residual is on h without e. e(t) is less its last row, so it is 0 for the last slot. All slots go through all layers
here; only the last one's tokens are the result. A picture that is not real is selected to -1 before the patches and is no key;
a query that may read nothing yields zeros.
"""

import math
import platform
from pathlib import Path

import torch
import torch.nn.functional as F

import formula
from writing import number, rounded, write

BATCH, SLOTS, VIEWS, PICTURE, PATCH = 2, 3, 2, 16, 8
SIZE = {"width": 16, "mlp": 24, "layers": 5, "heads": 2, "temporalEvery": 2}
REAL = [[[1, 1], [1, 0], [1, 1]], [[0, 0], [1, 1], [1, 0]]]


def parameter_shapes(prefix: str, size: dict) -> dict[str, tuple[int, ...]]:
    width, mlp = size["width"], size["mlp"]
    shapes = {
        f"{prefix}patch.weight": (width, 3, PATCH, PATCH),
        f"{prefix}patch.bias": (width,),
        f"{prefix}position": ((PICTURE // PATCH) ** 2, width),
        f"{prefix}norm.weight": (width,),
        f"{prefix}norm.bias": (width,),
    }
    for at in range(size["layers"]):
        layer = f"{prefix}layer.{at}"
        for norm in ("norm.attention", "norm.mlp"):
            shapes[f"{layer}.{norm}.weight"] = shapes[f"{layer}.{norm}.bias"] = (width,)
        for part, out, into in [*((part, width, width) for part in ("query", "key", "value", "out")), ("mlp.in", mlp, width), ("mlp.out", width, mlp)]:
            shapes[f"{layer}.{part}.weight"], shapes[f"{layer}.{part}.bias"] = (out, into), (out,)
    return shapes


def scale_and_offset(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Matrices 0.5 / sqrt(cells of a row); vectors 0.1, around 1 for the weights of norms, else around 0."""
    if len(shape) > 1:
        return 0.5 / math.sqrt(math.prod(shape[1:])), 0.0
    return 0.1, 1.0 if "norm" in name and name.endswith(".weight") else 0.0


def made(shapes: dict[str, tuple[int, ...]], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {
        name: torch.from_numpy(formula.values(name, shape, *scale_and_offset(name, shape))).to(dtype).requires_grad_()
        for name, shape in shapes.items()
    }


def described(shapes: dict[str, tuple[int, ...]]) -> dict:
    return {
        name: {"shape": list(shape), "scale": scale_and_offset(name, shape)[0], "offset": scale_and_offset(name, shape)[1]}
        for name, shape in shapes.items()
    }


def offsets(slots: int, width: int) -> torch.Tensor:
    """e(t), [slot, width], in float64."""
    tau = torch.arange(slots, dtype=torch.float64) - (slots - 1)
    period = 4e-3 * (40 / 4e-3) ** (torch.arange(width // 2, dtype=torch.float64) / (width // 2 - 1))
    angle = 2 * math.pi * tau[:, None] / period
    table = torch.cat([angle.sin(), angle.cos()], dim=-1)
    return table - table[-1]


def safe_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, may_read: torch.Tensor) -> torch.Tensor:
    """[… q f] over [… k f], with `may_read` [… q k]; zeros where a query may read nothing."""
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    reads_something = may_read.any(-1, keepdim=True)
    scores = torch.where(reads_something, scores.masked_fill(~may_read, -torch.inf), 0.0)
    return torch.where(reads_something, scores.softmax(-1), 0.0) @ value


def tower(parameters: dict, prefix: str, size: dict, images: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Tokens [b v p width] of the last slot; `images` are uint8 [b o v h w c], `real` [b o v]."""
    dtype = parameters[f"{prefix}position"].dtype
    slots = images.shape[1]
    of = lambda name: (parameters[f"{prefix}{name}.weight"], parameters[f"{prefix}{name}.bias"])
    norm = lambda name, x: F.layer_norm(x, x.shape[-1:], *of(name), 1e-6)
    pixels = torch.where(real[..., None, None, None], images.to(dtype) / 127.5 - 1, -1.0)
    patches = F.conv2d(pixels.flatten(0, 2).permute(0, 3, 1, 2), *of("patch"), stride=PATCH)
    x = patches.flatten(2).transpose(1, 2).unflatten(0, real.shape) + parameters[f"{prefix}position"]  # b o v p e
    earlier = torch.ones(slots, slots, dtype=torch.bool).tril()
    may_read = earlier & real.permute(0, 2, 1)[:, :, None, None, None, :]  # b v p a q k
    for at in range(size["layers"]):
        layer = f"layer.{at}"
        looks_back = at % size["temporalEvery"] == size["temporalEvery"] - 1
        read = x + offsets(slots, size["width"]).to(dtype)[:, None, None] if looks_back else x
        z = norm(f"{layer}.norm.attention", read)
        query, key, value = (
            F.linear(z, *of(f"{layer}.{part}")).unflatten(-1, (size["heads"], -1)) for part in ("query", "key", "value")
        )  # b o v p a f
        if looks_back:
            over_time = [part.permute(0, 2, 3, 4, 1, 5) for part in (query, key, value)]  # b v p a o f
            value = safe_attention(*over_time, may_read).permute(0, 4, 1, 2, 3, 5)
        over_patches = [part.transpose(3, 4) for part in (query, key, value)]
        out = F.scaled_dot_product_attention(*over_patches).transpose(3, 4).flatten(4)
        x = x + F.linear(out, *of(f"{layer}.out"))
        hidden = F.gelu(F.linear(norm(f"{layer}.norm.mlp", x), *of(f"{layer}.mlp.in")), approximate="tanh")
        x = x + F.linear(hidden, *of(f"{layer}.mlp.out"))
    return norm("norm", x)[:, -1]


def results(dtype: torch.dtype) -> dict:
    parameters = made(parameter_shapes("tower.", SIZE), dtype)
    images = torch.from_numpy(formula.bytes_("video-encoder/images", (BATCH, SLOTS, VIEWS, PICTURE, PICTURE, 3)))
    real = torch.tensor(REAL, dtype=torch.bool)
    seen = tower(parameters, "tower.", SIZE, images, real)
    now = real[:, -1, :, None, None]
    direction = torch.from_numpy(formula.values("video-encoder/direction", tuple(seen.shape), 1.0, 0.0)).to(dtype)
    gradients = torch.autograd.grad((torch.where(now, seen, 0.0) * direction).sum(), parameters.values())
    return {
        "seen": rounded(torch.where(now, seen, 0.0)),
        "gradients": {name: gradient_summary(name, slope) for name, slope in zip(parameters, gradients)},
    }


def gradient_summary(name: str, gradient: torch.Tensor) -> dict:
    direction = torch.from_numpy(formula.values(f"{name} direction", tuple(gradient.shape), 1.0, 0.0)).to(gradient.dtype)
    return {
        "dot": number((gradient * direction).sum().item()),
        "sum": number(gradient.sum().item()),
        "norm": number(gradient.norm().item()),
        "first": rounded(gradient.flatten()[:4]),
    }


def made_with() -> str:
    return f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}"


if __name__ == "__main__":
    write(
        Path(__file__).with_name("video-encoder.json"),
        {
            "says": "The image tower over three slots; seen is 0 for views that are not real now. See the docstring of video_encoder.py.",
            "command": "python test/parity/video_encoder.py",
            "madeWith": made_with(),
            "formula": formula.description(),
            "config": {"picture": PICTURE, "patch": PATCH, **SIZE},
            "inputs": {"images": {"axes": "b o v h w c", "shape": [BATCH, SLOTS, VIEWS, PICTURE, PICTURE, 3], "formula": "video-encoder/images", "kind": "byte"}},
            "real": {"axes": "b o v", "cells": REAL},
            "offsets": {"axes": "o e", "cells": rounded(offsets(SLOTS, SIZE["width"]))},
            "parameters": described(parameter_shapes("tower.", SIZE)),
            "float64": results(torch.float64),
            "float32": results(torch.float32),
        },
    )  # fmt: skip
