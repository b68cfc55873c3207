"""OpenTau's own π0.5 with memory at micro size, whose image tower sees motion: the independent truth for the row `pi05_mem_motion`.

    python test/parity/pi05_mem_motion.py OPENTAU      writes test/parity/pi05-mem-motion.json

Policy, weights and samples are those of `pi05_mem.py`; patches are compared with those of a square of three by three in three pictures. `whole`:
every sample has all of its history. `some`: samples have three slots, two and one, and OpenTau's encoder is given those alone, each sample by
itself: given all three with its mask, its means and variances would count copies of the first as well. A clip of one picture, which it
does not compare, is given as two that are the same: a mean over both is that of one.
"""

from pathlib import Path

import formula
import pi05_mem
import torch
import transformers
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

MOTION = {
    "insert_layer": 1, "hidden_dim": 8, "window": (3, 3, 3), "corr_func": "cosine", "n_encoders": 1, "norm": "groupnorm",
    "int_mode": "lite", "zero_init": True,
}  # fmt: skip


def only_real(encoder):
    """The same encoder, each sample by itself, of the pictures that exist."""
    inner = encoder.forward

    def forward(video: torch.Tensor, obs_history_is_pad: torch.Tensor) -> torch.Tensor:
        made = []
        for row, pad in zip(video, obs_history_is_pad, strict=True):
            real = row[~pad]
            made.append(inner((real if len(real) > 1 else real.repeat(2, 1, 1, 1))[None]))
        return torch.cat(made)

    return forward


def results(has_all: bool) -> dict:
    policy, described = pi05_mem.model("mrope_interleaved", MOTION)
    seen = []
    policy.action_out_proj.register_forward_hook(lambda module, read, made: seen.append(made))
    observed, taught = pi05_mem.given()
    if has_all:
        observed["obs_history_is_pad"] = torch.zeros_like(observed["obs_history_is_pad"])
    else:
        policy.video_encoder.forward = only_real(policy.video_encoder)
    loss = policy.forward(**observed, **taught)["MSE"]
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in policy.named_parameters() if pi05_mem.is_learnt(parameter.grad)}
    return {
        "parameters": {name: described[name] for name in gradients},
        "loss": number(loss.item()),
        "velocity": rounded(seen[0]),
        "gradients": {name: gradient_summary(name, gradient) for name, gradient in gradients.items()},
    }


if __name__ == "__main__":
    pi05_mem.at_micro_size()
    whole, some = results(True), results(False)
    write(
        Path(__file__).with_name("pi05-mem-motion.json"),
        {
            "says": "A chunk's velocity and loss, and gradients of the loss. See the docstring of pi05_mem_motion.py.",
            "command": "python test/parity/pi05_mem_motion.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            "motion": {"after": 1, "slots": 3, "side": 3, "width": 8, "extracted": 256, "fused": 512},
            "parameters": whole.pop("parameters"),
            "whole": whole,
            "some": {name: some[name] for name in ("loss", "velocity", "gradients")},
        },
    )
