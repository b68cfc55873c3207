"""A flow-matching policy of π0's shape in micro size, in PyTorch, as the independent truth for our own.

    python test/parity/tiny_policy.py       writes test/parity/tiny-policy.json (Python 3.11, torch, numpy)

`tiny_policy_model.py` says which model and which padding rules. Here: x = t·noise + (1 − t)·actions, u = noise − actions, t = 1 is
noise; a sample's loss is a sum of squares and a count over real, supervised cells. The batch holds every kind of padding; its
four rows are the fewest in which the two reductions differ: two robots, one row without a target, one filler row.
"""

import platform
from pathlib import Path

import torch

import formula
from tiny_policy_model import (
    BACKBONE,
    BATCH,
    DOFS,
    EULER_STEPS,
    EXPERT,
    HORIZON,
    PATCH,
    PICTURE,
    PROMPT,
    SHARED,
    STATE,
    VIEWS,
    VISION,
    VOCABULARY,
    Policy,
    parameter_shapes,
    pattern_of,
    prefix_length,
    scale_and_offset,
)
from writing import number, rounded, write

FACTS = {
    "viewReal": ("b v", [[1, 1], [0, 1], [1, 0], [0, 0]]),
    "tokenReal": ("b n", [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]),
    "stateReal": ("b s", [[1, 1, 0, 1, 1], [1, 1, 1, 0, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]]),
    "stepReal": ("b t", [[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]),
    "dofReal": ("b d", [[1, 1, 0, 1, 0, 1], [0, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]]),
    "targetReal": ("b", [1, 1, 0, 0]),
    "rowReal": ("b", [1, 1, 1, 0]),
}
TIME = [0.2725, 0.901, 0.5, 0.75]


def inputs() -> tuple[dict, dict, dict]:
    made = {
        "images": ("b v h w c", "byte", (BATCH, VIEWS, PICTURE, PICTURE, 3)),
        "prompt": ("b n", f"id of {VOCABULARY}", (BATCH, PROMPT)),
        "state": ("b s", "value", (BATCH, STATE)),
        "actions": ("b t d", "value", (BATCH, HORIZON, DOFS)),
        "noise": ("b t d", "value", (BATCH, HORIZON, DOFS)),
    }
    makers = {
        "byte": lambda name, shape: formula.bytes_(name, shape),
        "value": lambda name, shape: formula.values(name, shape, 2.0, 0.0),
        f"id of {VOCABULARY}": lambda name, shape: formula.ids(name, shape, VOCABULARY),
    }
    batch = {part: torch.from_numpy(makers[kind](f"tiny-policy/{part}", shape)) for part, (_, kind, shape) in made.items()}
    # Rounded to float32 as every other input: at the shortest period an error of 1e-8 in time is one of 2e-5 in the angle.
    batch["time"] = torch.tensor(TIME, dtype=torch.float32).double()
    says = {
        part: {"axes": axes, "shape": list(shape), "formula": f"tiny-policy/{part}", "kind": kind}
        | ({"scale": 2, "offset": 0} if kind == "value" else {})
        for part, (axes, kind, shape) in made.items()
    }
    facts = {part: torch.tensor(bits, dtype=torch.bool) for part, (_, bits) in FACTS.items()}
    return batch, facts, says


def summary(tensor: torch.Tensor) -> dict:
    return {"sum": number(tensor.sum().item()), "norm": number(tensor.norm().item()), "first": rounded(tensor.flatten()[:4])}


def results(dtype: torch.dtype) -> dict:
    batch, facts, _ = inputs()
    policy = Policy(dtype)
    selected = facts["stepReal"][:, :, None] & facts["dofReal"][:, None]
    supervised = selected & facts["targetReal"][:, None, None] & facts["rowReal"][:, None, None]
    actions, noise = batch["actions"].to(dtype), batch["noise"].to(dtype)
    time = batch["time"].to(dtype)[:, None, None]
    x = torch.where(selected, time * noise + (1 - time) * actions, 0.0)
    velocity = policy.velocity(batch, facts, x, batch["time"])
    trace = {
        name: summary(torch.where(pattern_of(facts)["tokenReal"][:, at][..., None], tensor, 0.0))
        for name, tensor in policy.trace.items()
        for at in [slice(prefix_length()) if name.startswith("prefix") else slice(prefix_length(), None)]
    }
    sums = torch.where(supervised, velocity - (noise - actions), 0.0).square().sum((1, 2))
    counts = supervised.sum((1, 2))
    has_cells = counts > 0
    losses = {
        "cells": sums.sum() / counts.sum(),
        "samples": torch.where(has_cells, sums / counts.clamp(min=1), 0.0).sum() / has_cells.sum(),
    }
    gradients = {name: torch.autograd.grad(loss, policy.parameters.values(), retain_graph=True, allow_unused=True) for name, loss in losses.items()}
    with torch.no_grad():
        every_step = facts | {"stepReal": facts["rowReal"][:, None].expand(-1, HORIZON)}
        sampled, served = policy.sample(batch, facts, noise), policy.sample(batch, every_step, noise)
    has_target = facts["targetReal"][:, None, None]
    return {
        "loss": {name: number(loss.item()) for name, loss in losses.items()},
        "sums": rounded(sums),
        "velocity": rounded(torch.where(supervised, velocity, 0.0)),
        "sampled": rounded(torch.where(has_target, sampled, 0.0)),
        "sampledEveryStepReal": rounded(torch.where(has_target, served, 0.0)),
        "trace": trace,
        "gradients": {
            reduction: {name: gradient_summary(name, policy.parameters[name], gradient) for name, gradient in zip(policy.parameters, found)}
            for reduction, found in gradients.items()
        },
    }


def gradient_summary(name: str, parameter: torch.Tensor, gradient: torch.Tensor | None) -> dict:
    gradient = torch.zeros_like(parameter) if gradient is None else gradient
    direction = torch.from_numpy(formula.values(f"{name} direction", tuple(parameter.shape), 1.0, 0.0)).to(parameter.dtype)
    return {"dot": number((gradient * direction).sum().item())} | summary(gradient)


def description() -> dict:
    _, facts, made = inputs()
    pattern = pattern_of(facts)
    counts = (facts["stepReal"][:, :, None] & facts["dofReal"][:, None] & facts["targetReal"][:, None, None]).sum((1, 2))
    return {
        "says": "A flow-matching policy of openpi's pi0 shape in micro size with this project's padding rules; see the docstrings of tiny_policy.py and tiny_policy_model.py.",
        "command": "python test/parity/tiny_policy.py",
        "madeWith": f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}",
        "formula": formula.description(),
        "config": {
            "picture": PICTURE, "patch": PATCH, "views": VIEWS, "prompt": PROMPT, "vocabulary": VOCABULARY,
            "state": STATE, "dofs": DOFS, "horizon": HORIZON, "batch": BATCH, "eulerSteps": EULER_STEPS,
            "vision": VISION, "backbone": BACKBONE, "expert": EXPERT, "shared": SHARED,
        },
        "inputs": made | {"time": {"axes": "b", "shape": [BATCH], "cells": TIME}},
        "facts": {name: {"axes": axes, "cells": bits} for name, (axes, bits) in FACTS.items()},
        "pattern": {
            "order": "patches of view 0, of view 1, prompt, state, actions; the state token is real where the row is",
            "tokenReal": ["".join(str(int(bit)) for bit in row) for row in pattern["tokenReal"]],
            "positions": pattern["positions"].tolist(),
            "mayRead": [["".join(str(int(bit)) for bit in query) for query in row] for row in pattern["mayRead"]],
        },
        "supervisedCounts": counts.tolist(),
        "notes": [
            "velocity, sampled and sampledEveryStepReal are 0 in cells that are not real and in rows without a target, where nothing is promised.",
            "sampled uses the batch's own stepReal; sampledEveryStepReal has every step of real rows real, as on a robot.",
            "trace: sum, norm and first four cells of the hidden states before and after each shared layer, 0 where the token is not real.",
            "gradients: dot is the sum of gradient * values of the formula NAME + ' direction', scale 1, offset 0.",
            "The backbone's last o_proj, MLP, post_attention_layernorm, q_proj and its final norm reach no output of the suffix: their gradients are 0.",
            "A softmax does not see a shift of its scores, so the gradient of each k_proj.bias of the vision tower is 0 but for rounding.",
        ],
        "parameters": {
            name: {"shape": list(shape), "scale": scale_and_offset(name, shape)[0], "offset": scale_and_offset(name, shape)[1]}
            for name, shape in parameter_shapes().items()
        },
    }  # fmt: skip


if __name__ == "__main__":
    write(
        Path(__file__).with_name("tiny-policy.json"),
        description() | {"float64": results(torch.float64), "float32": results(torch.float32)},
    )
