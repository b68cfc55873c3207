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
import opentau_stubs  # noqa: F401  (before anything of OpenTau)
import torch
import transformers
from opentau.policies.pi05 import paligemma_with_expert as trunks
from opentau.policies.pi05_mem import modeling_pi05 as opentau
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

ROWS, VIEWS, SLOTS, PICTURE, TOKENS, STATE, DOFS, HORIZON, VOCABULARY = 3, 3, 3, 24, 6, 5, 6, 4, 40
VISION = {"patch": 8, "width": 16, "layers": 4, "mlp": 40, "heads": 2, "temporalEvery": 2}
SHARED = {"layers": 3, "heads": 4, "keyHeads": 2, "headWidth": 8}
BACKBONE, EXPERT = {"width": 32, "mlp": 64, **SHARED}, {"width": 24, "mlp": 48, **SHARED}
VIEW_REAL = [[1, 1, 1], [1, 0, 1], [0, 1, 1]]
TOKEN_REAL = [[1] * 6, [1] * 4 + [0] * 2, [1] * 2 + [0] * 4]
HISTORY_REAL = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
TIME = [0.9, 0.35, 0.05]


def config(rope_type: str) -> SimpleNamespace:
    flags = ("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only", "train_state_action_representation_only")
    return SimpleNamespace(
        **dict.fromkeys((*flags, "gradient_checkpointing", "use_motion", "knowledge_insulation"), False),
        attention_implementation="eager", dropout=0.0, n_obs_steps=SLOTS, rope_type=rope_type, num_steps=10,
        spacetime_layer_stride=VISION["temporalEvery"], input_image_size=(PICTURE, PICTURE), chunk_size=HORIZON,
        n_action_steps=HORIZON, proj_width=EXPERT["width"], max_state_dim=STATE, max_action_dim=DOFS,
        discrete_action_max_length=2, max_delay=0,
    )  # fmt: skip


def micro(published: type) -> type:
    """Their configuration of the two trunks, at our sizes."""

    def made(**given):
        sizes = published(**given)
        text, vision, expert = sizes.paligemma_config.text_config, sizes.paligemma_config.vision_config, sizes.gemma_expert_config
        for trunk, size in ((text, BACKBONE), (expert, EXPERT)):
            trunk.hidden_size, trunk.intermediate_size, trunk.head_dim = size["width"], size["mlp"], size["headWidth"]
            trunk.num_hidden_layers, trunk.num_attention_heads = size["layers"], size["heads"]
            trunk.num_key_value_heads, trunk.vocab_size = size["keyHeads"], VOCABULARY
            trunk.layer_types = ["full_attention"] * size["layers"]
        expert.adarms_cond_dim = EXPERT["width"]
        sizes.paligemma_config.projection_dim = vision.projection_dim = BACKBONE["width"]
        vision.hidden_size, vision.intermediate_size, vision.patch_size = VISION["width"], VISION["mlp"], VISION["patch"]
        vision.num_hidden_layers, vision.num_attention_heads, vision.image_size = VISION["layers"], VISION["heads"], PICTURE
        return sizes

    return made


def model(rope_type: str):
    policy = opentau.PI05MemFlowMatching(config(rope_type), discrete_action_vocab_size=4).float().eval()
    described = {}
    for name, parameter in policy.named_parameters():
        scale, offset = scale_of(name, parameter.shape)
        parameter.data = torch.from_numpy(formula.values(f"pi05-mem/{name}", tuple(parameter.shape), scale, offset))
        parameter.requires_grad_(True)
        described[name] = {"shape": list(parameter.shape), "scale": number(scale), "offset": offset}
    return policy, described


def scale_of(name: str, shape: torch.Size) -> tuple[float, float]:
    """Matrices 1 / sqrt(cells of a row); vectors 0.1, around 1 for the layer norms of the tower, else around 0."""
    if len(shape) > 1:
        return float(shape[1:].numel()) ** -0.5, 0.0
    return 0.1, 1.0 if "vision" in name and "norm" in name and name.endswith("weight") else 0.0


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


if __name__ == "__main__":
    trunks.PaliGemmaWithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    opentau._preferred_dtype = trunks._preferred_dtype = lambda: torch.float32
    opentau.PaliGemmaWithExpertConfig = micro(opentau.PaliGemmaWithExpertConfig)
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
                "backbone": BACKBONE,
                "expert": EXPERT,
                "vocabulary": VOCABULARY,
            },
            "facts": {"viewReal": VIEW_REAL, "tokenReal": TOKEN_REAL, "historyReal": HISTORY_REAL},
            "time": TIME,
            "parameters": three.pop("parameters"),
            "threeAxes": three,
            "oneAxis": {name: one[name] for name in ("positions", "loss", "velocity")},
        },
    )
