"""A policy of two slots of history with GR00T's action head, in micro size, in PyTorch, as the independent truth for our own.

    python test/parity/groot_head.py        writes test/parity/groot-head.json (Python 3.11, torch, numpy)

The backbone is `tiny_policy_model.py`'s, its pictures `video_encoder.py`'s. Behind the backbone's last norm: a layer norm, then a
transformer over [state of each slot, actions], all seeing each other, whose even blocks read the backbone's tokens and whose odd
blocks read their own stream. Encoders and decoders have a set of weights for each embodiment; each part has a decoder.

- t = 0 is noise: x = t·actions + (1 − t)·noise, u = actions − noise; four Euler steps x += u/4 at t = 0, 0.25, 0.5, 0.75;
- a state slot that may not be read is selected to 0 and is no key; the last one always may be; an unreal step is no key;
- a token of the backbone that is not real is no key of any cross-attention, unless the mask is dropped (`asReleasedGr00t`);
- each part is a term of the loss with its own count; cells of no part have the velocity 0 and no term.
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F

import formula
import tiny_policy_model as tiny
from tiny_policy_model import BACKBONE, BATCH, DOFS, HORIZON, LANGUAGE, PICTURE, PROMPT, SHARED, STATE, VIEWS, VISION, VOCABULARY
from video_encoder import described, gradient_summary, made, made_with, parameter_shapes as tower_shapes, tower
from writing import number, rounded, write

SLOTS, EMBODIMENTS, EULER_STEPS, TEMPORAL_EVERY = 2, 3, 4, 2
DIT = {"width": 24, "layers": 2, "mlp": 48, "heads": 3, "headWidth": 8, "state": 20, "decoder": 16, "condition": 8, "output": 12}
PARTS = {"arm": [0, 1, 3], "claw": [5]}
FACTS = {
    "viewReal": ("b o v", [[[1, 1], [1, 1]], [[1, 1], [0, 1]], [[1, 0], [1, 0]], [[0, 0], [0, 0]]]),
    "historyReal": ("b o", [[1, 1], [1, 1], [0, 1], [0, 0]]),
    "historyKept": ("b", [1, 0, 1, 0]),
    "tokenReal": ("b n", [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]),
    "stateReal": ("b s", [[1, 1, 0, 1, 1], [1, 1, 1, 0, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]]),
    "stepReal": ("b t", [[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]),
    "dofReal": ("b d", [[1, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 0], [1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]]),
    "targetReal": ("b", [1, 1, 0, 0]),
    "rowReal": ("b", [1, 1, 1, 0]),
}
READABLE = [[1, 1], [0, 1], [0, 1], [0, 0]]
EMBODIMENT = [2, 0, 2, -1]
TIME = [0.2725, 0.901, 0.5, 0.75]


def shapes() -> dict[str, tuple[int, ...]]:
    width, heads = DIT["width"], DIT["heads"] * DIT["headWidth"]
    found = tower_shapes("vision.tower.", VISION)
    found |= {"vision.projector.weight": (BACKBONE["width"], VISION["width"]), "vision.projector.bias": (BACKBONE["width"],)}
    found |= {"embedding.weight": (VOCABULARY, BACKBONE["width"])}
    found |= {ours: tiny.parameter_shapes()[theirs] for ours, theirs in backbone_names().items()}

    def linear(name: str, out: int, into: int) -> None:
        found[f"groot.{name}.weight"], found[f"groot.{name}.bias"] = (out, into), (out,)

    def embodied(name: str, out: int, into: int) -> None:
        found[f"groot.{name}.weight"], found[f"groot.{name}.bias"] = (EMBODIMENTS, out, into), (EMBODIMENTS, out)

    embodied("state.in", DIT["state"], STATE)
    embodied("state.out", width, DIT["state"])
    embodied("action.in", width, DOFS)
    embodied("action.time", width, 2 * width)
    embodied("action.out", width, width)
    found["groot.action.position"] = (HORIZON, width)
    found["groot.norm.weight"] = found["groot.norm.bias"] = (BACKBONE["width"],)
    linear("time.in", width, DIT["condition"])
    linear("time.out", width, width)
    for at in range(DIT["layers"]):
        read = BACKBONE["width"] if at % 2 == 0 else width
        linear(f"dit.block.{at}.norm.attention.dense", 2 * width, width)
        for part, out, into in (("query", heads, width), ("key", heads, read), ("value", heads, read), ("out", width, heads)):
            linear(f"dit.block.{at}.{part}", out, into)
        linear(f"dit.block.{at}.mlp.in", DIT["mlp"], width)
        linear(f"dit.block.{at}.mlp.out", width, DIT["mlp"])
    linear("dit.norm.dense", 2 * width, width)
    linear("dit.out", DIT["output"], width)
    for name, slots in PARTS.items():
        embodied(f"decoder.{name}.in", DIT["decoder"], DIT["output"])
        embodied(f"decoder.{name}.out", len(slots), DIT["decoder"])
    return found


def backbone_names() -> dict[str, str]:
    """Our names of the trunk's parameters, and those of `tiny_policy_model.py`."""
    parts = {
        "norm.attention": "input_layernorm",
        **{ours: f"self_attn.{theirs}_proj" for ours, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("out", "o"))},
        "norm.mlp": "post_attention_layernorm",
        **{f"mlp.{part}": f"mlp.{part}_proj" for part in ("gate", "up", "down")},
    }
    layers = {
        f"backbone.layer.{at}.{ours}.weight": f"{LANGUAGE}.layers.{at}.{theirs}.weight"
        for at in range(SHARED["layers"])
        for ours, theirs in parts.items()
    }
    return layers | {"backbone.norm.weight": f"{LANGUAGE}.norm.weight"}


class Policy:
    def __init__(self, dtype: torch.dtype, keys: str = "real"):
        self.dtype, self.keys = dtype, keys
        self.parameters = made(shapes(), dtype)
        self.trunk = tiny.Policy(dtype)
        self.trunk.parameters |= {theirs: self.parameters[ours] for ours, theirs in backbone_names().items()}

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.parameters[f"groot.{name}.weight"], self.parameters[f"groot.{name}.bias"])

    def embodied(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Each row by itself, through its own set of weights."""
        weight, bias = self.parameters[f"groot.{name}.weight"], self.parameters[f"groot.{name}.bias"]
        return torch.stack([F.linear(row, weight[max(at, 0)], bias[max(at, 0)]) for row, at in zip(x, EMBODIMENT)])

    def mlp(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return self.embodied(f"{name}.out", F.relu(self.embodied(f"{name}.in", x)))

    def backbone(self, batch: dict, facts: dict) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens behind the last norm, and which of them are real."""
        pictures_real = facts["viewReal"] & facts["readable"][..., None]
        size = VISION | {"temporalEvery": TEMPORAL_EVERY}
        seen = tower(self.parameters, "vision.tower.", size, batch["images"], pictures_real).flatten(1, 2)
        pictures = F.linear(seen, self.parameters["vision.projector.weight"], self.parameters["vision.projector.bias"])
        ids = torch.where(facts["tokenReal"], batch["prompt"], 0)
        words = F.embedding(ids, self.parameters["embedding.weight"]) * math.sqrt(BACKBONE["width"])
        real = torch.cat([pictures_real[:, -1].repeat_interleave((PICTURE // tiny.PATCH) ** 2, dim=1), facts["tokenReal"]], dim=1)
        pattern = {"positions": real.long().cumsum(1) - 1, "mayRead": real[:, None] & real[:, :, None]}
        pattern["positions"] = pattern["positions"].clamp(min=0)
        streams = {LANGUAGE: torch.cat([pictures, words], dim=1)}
        for layer in range(SHARED["layers"]):
            streams = self.trunk.attend(layer, streams, pattern, None)
        return self.trunk.rms_norm(f"{LANGUAGE}.norm", streams[LANGUAGE]), real

    def velocity(self, batch: dict, facts: dict, backbone: tuple, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        tokens, tokens_real = backbone
        around = F.layer_norm(tokens, tokens.shape[-1:], self.parameters["groot.norm.weight"], self.parameters["groot.norm.bias"], 1e-5)
        readable = facts["readable"]
        state = self.mlp("state", torch.where(readable[..., None] & facts["stateReal"][:, None], batch["state"].to(self.dtype), 0.0))
        bucket = (time.float() * 1000).floor().double()
        when = sinusoid(bucket, DIT["width"]).to(self.dtype)[:, None].expand(-1, HORIZON, -1)
        joined = F.silu(self.embodied("action.time", torch.cat([self.embodied("action.in", x), when], dim=-1)))
        actions = self.embodied("action.out", joined) + self.parameters["groot.action.position"]
        h = torch.cat([state, actions], dim=1)
        steps_real = facts["stepReal"] & (facts["targetReal"] & facts["rowReal"])[:, None]
        real = torch.cat([readable, steps_real], dim=1)
        condition = F.silu(self.linear("time.out", F.silu(self.linear("time.in", timesteps(bucket, DIT["condition"]).to(self.dtype)))))
        for at in range(DIT["layers"]):
            block = f"dit.block.{at}"
            scale, shift = self.linear(f"{block}.norm.attention.dense", condition).chunk(2, dim=-1)
            z = F.layer_norm(h, h.shape[-1:], None, None, 1e-5) * (1 + scale[:, None]) + shift[:, None]
            read, keys = (around, tokens_real if self.keys == "real" else torch.ones_like(tokens_real)) if at % 2 == 0 else (z, real)
            query, key, value = (
                self.linear(f"{block}.{part}", y).unflatten(-1, (DIT["heads"], -1)) for part, y in (("query", z), ("key", read), ("value", read))
            )
            may_read = (keys[:, None] & real[:, :, None]).expand(-1, h.shape[1], -1)
            h = h + self.linear(f"{block}.out", tiny.attention(query, key, value, may_read))
            hidden = F.gelu(self.linear(f"{block}.mlp.in", F.layer_norm(h, h.shape[-1:], None, None, 1e-5)), approximate="tanh")
            h = h + self.linear(f"{block}.mlp.out", hidden)
        shift, scale = self.linear("dit.norm.dense", condition).chunk(2, dim=-1)
        out = self.linear("dit.out", F.layer_norm(h, h.shape[-1:], None, None, 1e-6) * (1 + scale[:, None]) + shift[:, None])
        placed = torch.zeros(BATCH, HORIZON, DOFS, dtype=self.dtype)
        for name, slots in PARTS.items():
            placed[:, :, slots] = self.mlp(f"decoder.{name}", out[:, -HORIZON:])
        return placed

    def sample(self, batch: dict, facts: dict, noise: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        backbone = self.backbone(batch, facts)
        x = torch.where(real, noise, 0.0)
        for step in range(EULER_STEPS):
            time = torch.full((BATCH,), step / EULER_STEPS, dtype=torch.float64)
            x = x + torch.where(real, self.velocity(batch, facts, backbone, x, time), 0.0) / EULER_STEPS
        return x


def sinusoid(bucket: torch.Tensor, width: int) -> torch.Tensor:
    """GR00T's SinusoidalPositionalEncoding: sines, then cosines."""
    half = width // 2
    angle = bucket[:, None] * torch.exp(-torch.arange(half, dtype=torch.float64) * (math.log(10000.0) / half))
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def timesteps(bucket: torch.Tensor, width: int) -> torch.Tensor:
    """diffusers' get_timestep_embedding(flip_sin_to_cos=True, downscale_freq_shift=1): cosines, then sines."""
    half = width // 2
    angle = bucket[:, None] * torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float64) / (half - 1))
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


def inputs() -> tuple[dict, dict]:
    kinds = {
        "images": (formula.bytes_, (BATCH, SLOTS, VIEWS, PICTURE, PICTURE, 3)),
        "prompt": (lambda name, shape: formula.ids(name, shape, VOCABULARY), (BATCH, PROMPT)),
        "state": (lambda name, shape: formula.values(name, shape, 2.0, 0.0), (BATCH, SLOTS, STATE)),
        "actions": (lambda name, shape: formula.values(name, shape, 2.0, 0.0), (BATCH, HORIZON, DOFS)),
        "noise": (lambda name, shape: formula.values(name, shape, 2.0, 0.0), (BATCH, HORIZON, DOFS)),
    }
    batch = {part: torch.from_numpy(make(f"groot-head/{part}", shape)) for part, (make, shape) in kinds.items()}
    batch["time"] = torch.tensor(TIME, dtype=torch.float32).double()
    facts = {part: torch.tensor(bits, dtype=torch.bool) for part, (_, bits) in FACTS.items()}
    return batch, facts | {"readable": torch.tensor(READABLE, dtype=torch.bool)}


def loss_of(errors: torch.Tensor, supervised: torch.Tensor, reduction: str) -> torch.Tensor:
    total = torch.zeros((), dtype=errors.dtype)
    for slots in PARTS.values():
        sums, counts = errors[:, :, slots].sum((1, 2)), supervised[:, :, slots].sum((1, 2))
        has = counts > 0
        total = total + (sums.sum() / counts.sum() if reduction == "cells" else (sums[has] / counts[has]).mean())
    return total


def results(dtype: torch.dtype) -> dict:
    batch, facts = inputs()
    has_target = (facts["targetReal"] & facts["rowReal"])[:, None, None]
    real = facts["stepReal"][:, :, None] & facts["dofReal"][:, None] & has_target
    actions, noise = (torch.where(real, batch[name].to(dtype), 0.0) for name in ("actions", "noise"))
    time = batch["time"].to(dtype)[:, None, None]
    x = time * actions + (1 - time) * noise
    found = {}
    for keys in ("real", "asReleasedGr00t"):
        policy = Policy(dtype, keys)
        velocity = policy.velocity(batch, facts, policy.backbone(batch, facts), x, batch["time"])
        errors = torch.where(real, velocity - (actions - noise), 0.0).square()
        losses = {reduction: loss_of(errors, real, reduction) for reduction in ("cells", "samples")}
        with torch.no_grad():
            sampled = policy.sample(batch, facts, noise, real)
        found[keys] = {
            "loss": {name: number(loss.item()) for name, loss in losses.items()},
            "velocity": rounded(torch.where(real, velocity, 0.0)),
            "sampled": rounded(sampled),
        }
        if keys == "real":
            slopes = {name: torch.autograd.grad(loss, policy.parameters.values(), retain_graph=True) for name, loss in losses.items()}
            found["gradients"] = {
                reduction: {name: gradient_summary(name, slope) for name, slope in zip(policy.parameters, own)} for reduction, own in slopes.items()
            }
    return found


if __name__ == "__main__":
    write(
        Path(__file__).with_name("groot-head.json"),
        {
            "says": "A policy with GR00T's action head and two slots of history, micro size; see the docstring of groot_head.py.",
            "command": "python test/parity/groot_head.py",
            "madeWith": made_with(),
            "config": {"slots": SLOTS, "embodiments": EMBODIMENTS, "eulerSteps": EULER_STEPS, "parts": PARTS, "dit": DIT, "temporalEvery": TEMPORAL_EVERY},
            "inputs": {"time": {"axes": "b", "cells": TIME}, "embodiment": {"axes": "b", "cells": EMBODIMENT}},
            "facts": {name: {"axes": axes, "cells": bits} for name, (axes, bits) in FACTS.items()},
            "parameters": described(shapes()),
            "float64": results(torch.float64),
            "float32": results(torch.float32),
        },
    )  # fmt: skip
