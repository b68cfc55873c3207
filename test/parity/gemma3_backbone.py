"""Gemma 3's text model from transformers, micro size, as the independent truth for a backbone with local and global layers.

    python test/parity/gemma3_backbone.py     writes test/parity/gemma3-backbone.json (Python 3.12, torch, transformers 5.5.4)

Seven layers: five that look back over a window of 3 tokens with rotation base 10,000, one without window at 1,000,000, and one more of
the first kind. Each norms queries and keys by head, and norms what attention and the feed-forward give before it is added. A row is an
image of four tokens, which see each other both ways at any distance, and words after it, each seeing what is before it. Rows end in
padding, which transformers hides; `seen` holds 0 there. transformers goes through float32 whatever its input; `in_float64` makes that float64.
"""

import math
import platform
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from transformers import Gemma3TextConfig, Gemma3TextModel
from transformers.models.gemma3.modeling_gemma3 import create_causal_mask_mapping

import formula
from video_encoder import gradient_summary
from writing import number, rounded, write

SIZE = {"width": 16, "layers": 7, "mlp": 24, "heads": 4, "keyHeads": 2, "headWidth": 8}
WINDOW, LOCAL_BASE, GLOBAL_BASE, IMAGE = 3, 10_000.0, 1_000_000.0, 4
REAL = [[1] * 15, [1] * 11 + [0] * 4]

OURS = {
    "input_layernorm": "norm.attention",
    "post_attention_layernorm": "norm.added.attention",
    "pre_feedforward_layernorm": "norm.mlp",
    "post_feedforward_layernorm": "norm.added.mlp",
    "self_attn.q_norm": "norm.query",
    "self_attn.k_norm": "norm.key",
    "self_attn.q_proj": "query",
    "self_attn.k_proj": "key",
    "self_attn.v_proj": "value",
    "self_attn.o_proj": "out",
    "mlp.gate_proj": "mlp.gate",
    "mlp.up_proj": "mlp.up",
    "mlp.down_proj": "mlp.down",
}


def our_name(name: str) -> str:
    """`layers.3.self_attn.q_norm.weight` → `layer.3.norm.query.weight`."""
    part = name.removesuffix(".weight")
    if part == "norm":
        return name
    _, layer, own = part.split(".", 2)
    return f"layer.{layer}.{OURS[own]}.weight"


def model() -> Gemma3TextModel:
    config = Gemma3TextConfig(
        vocab_size=8,
        hidden_size=SIZE["width"],
        intermediate_size=SIZE["mlp"],
        num_hidden_layers=SIZE["layers"],
        num_attention_heads=SIZE["heads"],
        num_key_value_heads=SIZE["keyHeads"],
        head_dim=SIZE["headWidth"],
        query_pre_attn_scalar=SIZE["headWidth"],
        sliding_window=WINDOW,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": LOCAL_BASE},
            "full_attention": {"rope_type": "default", "rope_theta": GLOBAL_BASE},
        },
        attn_implementation="eager",
    )
    assert config.layer_types == ["sliding_attention"] * 5 + ["full_attention", "sliding_attention"]
    return Gemma3TextModel(config).eval()


def scale_of(shape: torch.Size) -> float:
    """Matrices 1 / sqrt(columns); weights of norms, which are offsets from 1, 0.3."""
    return 1 / math.sqrt(shape[1]) if len(shape) > 1 else 0.3


@contextmanager
def in_float64():
    """Norms, angles and softmax in float64, for which transformers casts to float32."""
    cast, softmax = torch.Tensor.float, torch.nn.functional.softmax
    torch.Tensor.float = torch.Tensor.double
    torch.nn.functional.softmax = lambda x, dim, dtype: softmax(x, dim=dim, dtype=torch.float64)
    yield
    torch.Tensor.float, torch.nn.functional.softmax = cast, softmax


def results(text: Gemma3TextModel, dtype: torch.dtype) -> tuple[dict, torch.Tensor, dict]:
    """Parameters by our names, what comes out, and gradients."""
    text = text.to(dtype)
    parameters = {our_name(name): parameter for name, parameter in text.named_parameters() if name != "embed_tokens.weight"}
    described = {}
    for name, parameter in parameters.items():
        described[name] = {"shape": list(parameter.shape), "scale": scale_of(parameter.shape), "offset": 0.0}
        parameter.data = torch.from_numpy(formula.values(name, tuple(parameter.shape), scale_of(parameter.shape), 0.0)).to(dtype)
    real = torch.tensor(REAL)
    tokens = torch.from_numpy(formula.values("gemma3-backbone/tokens", (*real.shape, SIZE["width"]), 4.0, 0.0)).to(dtype).requires_grad_()
    is_image = torch.zeros_like(real)
    is_image[:, :IMAGE] = 1
    masks = create_causal_mask_mapping(text.config, tokens, real, None, None, token_type_ids=is_image)
    output = text(inputs_embeds=tokens, attention_mask=masks).last_hidden_state
    seen = torch.where(real[..., None] == 1, output, 0.0)
    direction = torch.from_numpy(formula.values("gemma3-backbone/direction", tuple(seen.shape), 1.0, 0.0)).to(dtype)
    names = {**parameters, "tokens": tokens}
    slopes = torch.autograd.grad((seen * direction).sum(), names.values())
    gradients = {name: gradient_summary(name, slope) for name, slope in zip(names, slopes)}
    return described, seen, gradients


def apart(gradient: dict, other: dict) -> float:
    """How far two descriptions of a gradient are apart, as a share of its length."""
    cells = lambda each: torch.tensor([each["dot"], each["sum"], each["norm"], *each["first"]], dtype=torch.float64)
    return number((cells(gradient) - cells(other)).abs().max().item() / gradient["norm"])


if __name__ == "__main__":
    _, single, slopes = results(model(), torch.float32)
    with in_float64():
        parameters, seen, gradients = results(model(), torch.float64)
    write(
        Path(__file__).with_name("gemma3-backbone.json"),
        {
            "says": "A Gemma 3 backbone over an image and words; see the docstring of gemma3_backbone.py.",
            "command": "python test/parity/gemma3_backbone.py",
            "madeWith": f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}",
            "formula": formula.description(),
            "size": SIZE,
            "window": WINDOW,
            "image": IMAGE,
            "bases": {"local": LOCAL_BASE, "global": GLOBAL_BASE},
            "real": {"axes": "b n", "cells": REAL},
            "parameters": parameters,
            "float64": {"seen": rounded(seen), "gradients": gradients},
            "float32Error": number((seen - single.double()).abs().max().item()),
            "float32GradientError": max(apart(gradients[name], slope) for name, slope in slopes.items()),
        },
    )
