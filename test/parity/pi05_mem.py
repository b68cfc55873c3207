"""OpenTau's own π0.5 with memory at micro size, as the independent truth for the row `pi05_mem`.

    python test/parity/pi05_mem.py OPENTAU      writes test/parity/pi05-mem.json

OPENTAU is a folder with the package `opentau`: `pip download --no-deps --python-version 3.10 opentau==0.14.0`, unzipped. It is imported as
it stands, but for what the model does not compute with (`opentau_stubs.py`); Python 3.12, torch 2.11.0, transformers 4.57.6, einops. Everything
runs in float32, to which OpenTau's rotation casts whatever it is given.

Three cameras of pictures of 3 x 3 patches, of which samples lack none, the second or the first; prompts of 6, 4 and 2 tokens; three
slots of history, of which samples have all, the last two or the last alone. What does not exist holds numbers like what does. No
token is 0, whose row their table never learns. The loss is the mean over all cells, which exist in every sample.
"""

from pathlib import Path
from types import SimpleNamespace

import formula
import opentau_micro
import opentau_stubs  # noqa: F401  (before anything of OpenTau)
import torch
import transformers
from opentau.policies.pi05 import paligemma_with_expert as trunks
from opentau.policies.pi05_mem import modeling_pi05 as opentau
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

ROWS, VIEWS, SLOTS, PICTURE, TOKENS, STATE, DOFS, HORIZON, VOCABULARY = 3, 3, 3, 24, 6, 5, 6, 4, 40
VISION = {**opentau_micro.VISION, "temporalEvery": 2}
SIZES = opentau_micro.trunk_sizes(3)
VIEW_REAL = [[1, 1, 1], [1, 0, 1], [0, 1, 1]]
TOKEN_REAL = [[1] * 6, [1] * 4 + [0] * 2, [1] * 2 + [0] * 4]
HISTORY_REAL = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
TIME = [0.9, 0.35, 0.05]


def config(rope_type: str, motion: dict) -> SimpleNamespace:
    flags = ("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only", "train_state_action_representation_only")
    return SimpleNamespace(
        **dict.fromkeys((*flags, "gradient_checkpointing", "knowledge_insulation"), False),
        use_motion=len(motion) > 0, **{f"motion_{name}": value for name, value in motion.items()},
        attention_implementation="eager", dropout=0.0, n_obs_steps=SLOTS, rope_type=rope_type, num_steps=10,
        spacetime_layer_stride=VISION["temporalEvery"], input_image_size=(PICTURE, PICTURE), chunk_size=HORIZON,
        n_action_steps=HORIZON, proj_width=SIZES["expert"]["width"], max_state_dim=STATE, max_action_dim=DOFS,
        discrete_action_max_length=2, max_delay=0,
    )  # fmt: skip


def model(rope_type: str, motion: dict | None = None):
    policy = opentau.PI05MemFlowMatching(config(rope_type, motion or {}), discrete_action_vocab_size=4).float().eval()
    return policy, opentau_micro.fill(policy, "pi05-mem")


def given() -> dict:
    def value(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(formula.values(f"pi05-mem/{name}", shape, 2.0, 0.0))

    pictures = torch.from_numpy(formula.bytes_("pi05-mem/images", (ROWS, SLOTS, VIEWS, PICTURE, PICTURE, 3))).float() / 255
    return {
        "videos": [pictures[:, :, view].permute(0, 1, 4, 2, 3) for view in range(VIEWS)],
        "vid_masks": [torch.tensor(VIEW_REAL).bool()[:, view] for view in range(VIEWS)],
        "lang_tokens": torch.from_numpy(1 + formula.ids("pi05-mem/prompt", (ROWS, TOKENS), VOCABULARY - 1)),
        "lang_masks": torch.tensor(TOKEN_REAL).bool(),
        "state": value("state", ROWS, SLOTS, STATE),
        "obs_history_is_pad": ~torch.tensor(HISTORY_REAL).bool(),
    }, {
        "actions": value("actions", ROWS, HORIZON, DOFS),
        "noise": value("noise", ROWS, HORIZON, DOFS),
        "time": torch.tensor(TIME),
        "discrete_actions": torch.ones(ROWS, 2, dtype=torch.long),
        "discrete_action_masks": torch.zeros(ROWS, 2, dtype=torch.bool),
    }


def results(rope_type: str) -> dict:
    policy, described = model(rope_type)
    seen, places = [], []
    policy.action_out_proj.register_forward_hook(lambda module, read, made: seen.append(made))
    inner = policy.paligemma_with_expert
    forward = inner.forward
    inner.forward = lambda *args, **kwargs: (places.append(kwargs["position_ids"]), forward(*args, **kwargs))[1]
    observed, taught = given()
    loss = policy.forward(**observed, **taught)["MSE"]
    loss.backward()
    with torch.no_grad():
        start = torch.zeros_like(taught["actions"])
        chunk = policy.sample_actions(**observed, action_prefix=start, delay=torch.tensor(0), noise=taught["noise"])
    gradients = {name: parameter.grad for name, parameter in policy.named_parameters() if is_learnt(parameter.grad)}
    return {
        "parameters": {name: described[name] for name in gradients},
        "positions": {"prefix": places[0][..., : -taught["discrete_actions"].shape[1]].tolist(), "suffix": places[1].tolist()},
        "loss": number(loss.item()),
        "velocity": rounded(seen[0]),
        "sampled": rounded(chunk),
        "gradients": {name: gradient_summary(name, gradient) for name, gradient in gradients.items()},
    }


def is_learnt(gradient: torch.Tensor | None) -> bool:
    """Not what stands behind the backbone's last keys, nor what discrete actions go through."""
    return gradient is not None and gradient.abs().max().item() > 0


def at_micro_size() -> None:
    """In float32."""
    trunks.PaliGemmaWithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    opentau._preferred_dtype = trunks._preferred_dtype = lambda: torch.float32
    opentau.PaliGemmaWithExpertConfig = opentau_micro.micro_paligemma(opentau.PaliGemmaWithExpertConfig, 3, PICTURE, VOCABULARY)


if __name__ == "__main__":
    at_micro_size()
    three, one = results("mrope_interleaved"), results("rope")
    write(
        Path(__file__).with_name("pi05-mem.json"),
        {
            "says": "A chunk's velocity and loss, gradients of the loss, and a chunk sampled in ten steps. See the docstring of pi05_mem.py.",
            "command": "python test/parity/pi05_mem.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            "sizes": {
                "vision": {"picture": PICTURE, "square": 1, **VISION},
                **SIZES,
                "vocabulary": VOCABULARY,
            },
            "facts": {"viewReal": VIEW_REAL, "tokenReal": TOKEN_REAL, "historyReal": HISTORY_REAL},
            "time": TIME,
            "parameters": three.pop("parameters"),
            "threeAxes": three,
            "oneAxis": {name: one[name] for name in ("positions", "loss", "velocity")},
        },
    )
