"""OpenTau's own π0.5 at micro size, which says its actions as FAST tokens and responses beside the flow: the independent truth for the row
`pi05_fast`.

    python test/parity/pi05_fast.py OPENTAU      writes test/parity/pi05-fast.json

OPENTAU is a folder with the package `opentau`, as for `pi05_mem.py`; Python 3.12, torch 2.11.0, transformers 4.57.6, einops. Everything
runs in float32. The tokenizer is a table of the fixed texts.

Three cameras of 3 x 3 patches, of which samples lack none, the second or the first; prompts of 6, 4 and 2 tokens; responses of 4, 2
and 3 tokens behind their fixed text, actions of 5, 3 and 4. What does not exist holds numbers like what does. No token is 0, whose
row their tables never learn. Every cell of the flow exists. The loss is theirs: `MSE` plus `CE`, whose parts they divide by all
tokens, pads as well. `apart` holds gradients where the backbone learns nothing from the flow, `joined` where it does.
"""

from pathlib import Path
from types import SimpleNamespace

import formula
import opentau_micro
import opentau_stubs  # noqa: F401  (before anything of OpenTau)
import torch
import transformers
from opentau.policies.pi05 import modeling_pi05 as opentau
from opentau.policies.pi05 import paligemma_with_expert as trunks
from torch.nn.functional import cross_entropy
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

ROWS, VIEWS, PICTURE, TOKENS, DOFS, HORIZON, VOCABULARY = 3, 3, 24, 6, 6, 4, 40
RESPONSE, ACTIONS, ACTION_VOCABULARY = 4, 5, 12
TEXTS = {"Response: ": [3, 4, 5], "Action: ": [9, 10]}
VISION = {**opentau_micro.VISION, "temporalEvery": 0}
SIZES = opentau_micro.trunk_sizes(3)
VIEW_REAL = [[1, 1, 1], [1, 0, 1], [0, 1, 1]]
TOKEN_REAL = [[1] * 6, [1] * 4 + [0] * 2, [1] * 2 + [0] * 4]
RESPONSE_REAL = [[1] * 4, [1] * 2 + [0] * 2, [1] * 3 + [0]]
ACTION_REAL = [[1] * 5, [1] * 3 + [0] * 2, [1] * 4 + [0]]
TIME = [0.9, 0.35, 0.05]


class Table:
    """A tokenizer of fixed texts alone."""

    @staticmethod
    def encode(text: str, add_special_tokens: bool) -> list[int]:
        return TEXTS[text]


def config(insulation: bool) -> SimpleNamespace:
    flags = ("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only", "train_state_action_representation_only")
    return SimpleNamespace(
        **dict.fromkeys((*flags, "gradient_checkpointing", "use_modality_embedding"), False),
        attention_implementation="eager", dropout=0.0, state_type="discrete", num_steps=10, knowledge_insulation=insulation,
        chunk_size=HORIZON, n_action_steps=HORIZON, proj_width=SIZES["expert"]["width"], max_action_dim=DOFS, max_delay=0,
        predict_response=True, response_max_length=RESPONSE, discrete_action_max_length=ACTIONS,
        discrete_action_indicator_max_length=len(TEXTS["Action: "]),
    )  # fmt: skip


def model(insulation: bool):
    policy = opentau.PI05FlowMatching(config(insulation), discrete_action_vocab_size=ACTION_VOCABULARY).float().eval()
    return policy, opentau_micro.fill(policy, "pi05-fast")


def given() -> dict:
    def value(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(formula.values(f"pi05-fast/{name}", shape, 2.0, 0.0))

    def ids(name: str, length: int, vocabulary: int) -> torch.Tensor:
        return torch.from_numpy(1 + formula.ids(f"pi05-fast/{name}", (ROWS, length), vocabulary - 1)).long()

    pictures = torch.from_numpy(formula.bytes_("pi05-fast/images", (ROWS, VIEWS, PICTURE, PICTURE, 3))).float() / 255
    return {
        "images": [pictures[:, view].permute(0, 3, 1, 2) * 2 - 1 for view in range(VIEWS)],
        "img_masks": [torch.tensor(VIEW_REAL).bool()[:, view] for view in range(VIEWS)],
        "lang_tokens": ids("prompt", TOKENS, VOCABULARY),
        "lang_masks": torch.tensor(TOKEN_REAL).bool(),
        "response_tokens": ids("response", RESPONSE, VOCABULARY),
        "response_masks": torch.tensor(RESPONSE_REAL).bool(),
        "discrete_actions": ids("said", ACTIONS, ACTION_VOCABULARY),
        "discrete_action_masks": torch.tensor(ACTION_REAL).bool(),
        "actions": value("actions", ROWS, HORIZON, DOFS),
        "noise": value("noise", ROWS, HORIZON, DOFS),
        "time": torch.tensor(TIME),
    }


def errors(logits: torch.Tensor, labels: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each token; 0 where none exists."""
    return cross_entropy(logits.transpose(1, 2), labels, reduction="none") * real


def results(insulation: bool) -> dict:
    policy, described = model(insulation)
    seen = {}
    inner = policy.paligemma_with_expert
    for name, module in (("velocity", policy.action_out_proj), ("actions", inner.da_head), ("response", inner.paligemma.lm_head)):
        module.register_forward_hook(lambda module, read, made, name=name: seen.__setitem__(name, made))
    batch = given()
    loss = policy.forward(**batch)
    (loss["MSE"] + loss["CE"]).backward()
    said = errors(seen["actions"], batch["discrete_actions"], batch["discrete_action_masks"])
    answered = errors(seen["response"], batch["response_tokens"][:, 1:], batch["response_masks"][:, 1:])
    torch.testing.assert_close(said.mean() + answered.mean(), loss["CE"])
    gradients = {name: parameter.grad for name, parameter in policy.named_parameters() if is_learnt(parameter.grad)}
    return {
        "parameters": {name: described[name] for name in gradients},
        "velocity": rounded(seen["velocity"]),
        "mse": number(loss["MSE"].item()),
        "ce": number(loss["CE"].item()),
        "actionTokens": rounded(said),
        "response": rounded(answered),
        "gradients": {name: gradient_summary(name, gradient) for name, gradient in gradients.items()},
    }


def is_learnt(gradient: torch.Tensor | None) -> bool:
    """Not what nothing reads."""
    return gradient is not None and gradient.abs().max().item() > 0


def at_micro_size() -> None:
    """In float32, with the table for a tokenizer."""
    trunks.PaliGemmaWithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    opentau._preferred_dtype = trunks._preferred_dtype = lambda: torch.float32
    opentau.PaliGemmaWithExpertConfig = opentau_micro.micro_paligemma(opentau.PaliGemmaWithExpertConfig, 3, PICTURE, VOCABULARY)
    opentau.AutoTokenizer = SimpleNamespace(from_pretrained=lambda name: Table)


if __name__ == "__main__":
    at_micro_size()
    apart, joined = results(True), results(False)
    write(
        Path(__file__).with_name("pi05-fast.json"),
        {
            "says": "Velocity, loss, cross entropy of each token and gradients of a policy beside whose flow the backbone says actions and a response. See the docstring of pi05_fast.py.",
            "command": "python test/parity/pi05_fast.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            "sizes": {"vision": {"picture": PICTURE, "square": 1, **VISION}, **SIZES},
            "vocabulary": VOCABULARY,
            "actionVocabulary": ACTION_VOCABULARY,
            "texts": TEXTS,
            "facts": {"viewReal": VIEW_REAL, "tokenReal": TOKEN_REAL, "responseReal": RESPONSE_REAL, "actionReal": ACTION_REAL},
            "time": TIME,
            "parameters": apart.pop("parameters"),
            "joined": {"gradients": joined.pop("gradients")},
            "apart": apart,
        },
    )
