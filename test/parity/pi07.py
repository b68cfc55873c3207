"""OpenTau's own two low-level policies of π0.7 at micro size, as the independent truth for the rows `pi07_low_level` and
`pi07_paligemma_low_level`.

    python test/parity/pi07.py OPENTAU      writes test/parity/pi07.json

OPENTAU is a folder with the package `opentau`, as for `pi05_mem.py`; Python 3.12, torch 2.11.0, transformers 4.57.6, einops. Everything
runs in float32. The tokenizer is a table of the fixed texts; the policy on PaliGemma lays its prefix out by its own
`_build_prefix_items`.

Three cameras of 4 x 4 or 3 x 3 patches, prompts of 6, 4 and 2 tokens, three slots of history, of which samples lack some. `told`: every
sample has a response, metadata and a subgoal of one camera at least, as OpenTau's policy on Gemma 3 has it: what one sample of a batch
has decides which separators all of them get. `untold`: none has any. `mixed`, on PaliGemma alone: one has all, one nothing, one no
response. What does not exist holds numbers like what does. No token is 0, whose row their table never learns. The loss is the mean
over all cells, which exist in every sample.
"""

from pathlib import Path
from types import SimpleNamespace

import formula
import opentau_micro
import opentau_stubs  # noqa: F401  (before anything of OpenTau)
import torch
import transformers
from opentau.policies.pi05 import paligemma_with_expert as paligemma_trunks
from opentau.policies.pi07 import gemma3_with_expert as gemma_trunks
from opentau.policies.pi07.low_level import modeling_pi07_low_level as on_gemma
from opentau.policies.pi07_paligemma.low_level import modeling_pi07_low_level as on_paligemma
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

ROWS, VIEWS, SLOTS, TOKENS, RESPONSE, METADATA, STATE, DOFS, HORIZON, VOCABULARY = 3, 3, 3, 6, 4, 5, 5, 6, 4, 40
PICTURES = {"gemma": 32, "paligemma": 24}
VISION = {**opentau_micro.VISION, "temporalEvery": 2}
LAYERS = {"gemma": 6, "paligemma": 3}
SIZES = {kind: opentau_micro.trunk_sizes(layers) for kind, layers in LAYERS.items()}
TEXTS = {"State: ": [1, 2], ", ": [3], ":\n": [4, 5], ";\n ": [6], "Subgoal: ": [7, 8], "Action: ": [9, 10]}
VIEW_REAL = [[1, 1, 1], [1, 0, 1], [0, 1, 1]]
TOKEN_REAL = [[1] * 6, [1] * 4 + [0] * 2, [1] * 2 + [0] * 4]
HISTORY_REAL = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
TIME = [0.9, 0.35, 0.05]


def leading(counts: list[int], length: int) -> list[list[int]]:
    return [[1] * count + [0] * (length - count) for count in counts]


CASES = {
    "told": {
        "responseReal": leading([4, 2, 1], RESPONSE),
        "metadataReal": leading([5, 3, 1], METADATA),
        "subgoalReal": [[1, 1, 1], [1, 0, 1], [0, 1, 0]],
    },
    "untold": {
        "responseReal": leading([0, 0, 0], RESPONSE),
        "metadataReal": leading([0, 0, 0], METADATA),
        "subgoalReal": [[0, 0, 0]] * 3,
    },
    "mixed": {
        "responseReal": leading([3, 0, 0], RESPONSE),
        "metadataReal": leading([5, 0, 2], METADATA),
        "subgoalReal": [[1, 1, 1], [0, 0, 0], [0, 1, 1]],
    },
}


class Table:
    """A tokenizer of fixed texts alone."""

    @staticmethod
    def encode(text: str, add_special_tokens: bool) -> list[int]:
        return TEXTS[text]


def config(kind: str, said: int, insulation: bool) -> SimpleNamespace:
    flags = ("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only", "train_state_action_representation_only")
    own = {"vlm_config": gemma_config()} if kind == "gemma" else {}
    return SimpleNamespace(
        **dict.fromkeys((*flags, "gradient_checkpointing", "per_group_projection"), False), knowledge_insulation=insulation,
        attention_implementation="eager", dropout=0.0, n_obs_steps=SLOTS, num_steps=5 if kind == "gemma" else 10,
        spacetime_layer_stride=VISION["temporalEvery"], input_image_size=(PICTURES[kind],) * 2, chunk_size=HORIZON,
        n_action_steps=HORIZON, proj_width=SIZES[kind]["expert"]["width"], max_state_dim=STATE, max_action_dim=DOFS,
        discrete_action_max_length=said, max_delay=0, **own,
    )  # fmt: skip


def gemma_config(published: type = gemma_trunks.Gemma3WithExpertConfig, given: dict | None = None):
    flags = dict.fromkeys(("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only"), False)
    both = published(**(given or {**flags, "dropout": 0.0, "disable_internal_bf16_cast": True}))
    text = both.gemma3_config.text_config
    vision = both.gemma3_config.vision_config
    opentau_micro.size(text, vision, both.gemma_expert_config, SIZES["gemma"], PICTURES["gemma"], VOCABULARY)
    text.layer_types, text.query_pre_attn_scalar = ["sliding_attention"] * 5 + ["full_attention"], opentau_micro.HEADS["headWidth"]
    both.gemma3_config.mm_tokens_per_image = (PICTURES["gemma"] // VISION["patch"] // 2) ** 2
    return both


def model(kind: str, said: int = 2, vocabulary: int = 4, insulation: bool = False):
    made = on_gemma.PI07LowLevelFlowMatching if kind == "gemma" else on_paligemma.PI07PaligemmaLowLevelFlowMatching
    policy = made(config(kind, said, insulation), discrete_action_vocab_size=vocabulary).float().eval()
    return policy, opentau_micro.fill(policy, "pi07")


def mask(bits: list[list[int]]) -> torch.Tensor:
    return torch.tensor(bits).bool()


def given(kind: str, case: str) -> dict:
    side = PICTURES[kind]

    def value(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(formula.values(f"pi07/{name}", shape, 2.0, 0.0))

    def ids(name: str, length: int) -> torch.Tensor:
        return torch.from_numpy(1 + formula.ids(f"pi07/{name}", (ROWS, length), VOCABULARY - 1))

    pictures = torch.from_numpy(formula.bytes_("pi07/images", (ROWS, SLOTS, VIEWS, side, side, 3))).float() / 255
    goals = torch.from_numpy(formula.bytes_("pi07/subgoals", (ROWS, VIEWS, side, side, 3))).float() / 255
    facts = CASES[case]
    return {
        "videos": [pictures[:, :, view].permute(0, 1, 4, 2, 3) for view in range(VIEWS)],
        "vid_masks": [mask(VIEW_REAL)[:, view] for view in range(VIEWS)],
        "lang_tokens": ids("prompt", TOKENS),
        "lang_masks": mask(TOKEN_REAL),
        "state": value("state", ROWS, SLOTS, STATE),
        "obs_history_is_pad": ~mask(HISTORY_REAL),
        "response_tokens": ids("response", RESPONSE),
        "response_masks": mask(facts["responseReal"]),
        "metadata_tokens": ids("metadata", METADATA),
        "metadata_masks": mask(facts["metadataReal"]),
        "subgoal_images": [goals[:, view].permute(0, 3, 1, 2) * 2 - 1 for view in range(VIEWS)],
        "subgoal_img_masks": [mask(facts["subgoalReal"])[:, view] for view in range(VIEWS)],
    }, {
        "actions": value("actions", ROWS, HORIZON, DOFS),
        "noise": value("noise", ROWS, HORIZON, DOFS),
        "time": torch.tensor(TIME),
        "discrete_actions": torch.ones(ROWS, 2, dtype=torch.long),
        "discrete_action_masks": torch.zeros(ROWS, 2, dtype=torch.bool),
    }  # fmt: skip


def items(observed: dict, taught: dict | None):
    """The prefix of the policy on PaliGemma, as its policy lays it out of what it has prepared."""
    pairs = {
        "prepare_videos": ("videos", "vid_masks"),
        "prepare_language": ("lang_tokens", "lang_masks"),
        "prepare_response": ("response_tokens", "response_masks"),
        "prepare_metadata": ("metadata_tokens", "metadata_masks"),
        "prepare_subgoal_images": ("subgoal_images", "subgoal_img_masks"),
    }
    made = {name: (lambda batch, names=names: tuple(observed[each] for each in names)) for name, names in pairs.items()}
    policy = SimpleNamespace(**made, prepare_state=lambda batch: observed["state"], language_tokenizer=Table)
    whole = on_paligemma.PI07PaligemmaLowLevelPolicy
    policy._embed_text = lambda *args: whole._embed_text(policy, *args)
    told = {} if taught is None else {name: taught[name] for name in ("discrete_actions", "discrete_action_masks")}
    return whole._build_prefix_items(
        policy, {"obs_history_is_pad": observed["obs_history_is_pad"]}, include_discrete_actions=taught is not None, **told
    )


def results(kind: str, case: str) -> dict:
    policy, described = model(kind)
    seen = []
    policy.action_out_proj.register_forward_hook(lambda module, read, made: seen.append(made))
    observed, taught = given(kind, case)
    prefix = observed if kind == "gemma" else {"prefix_items": items(observed, taught)}
    loss = policy.forward(**prefix, **taught)["MSE"]
    loss.backward()
    with torch.no_grad():
        start = {"action_prefix": torch.zeros_like(taught["actions"]), "delay": torch.tensor(0), "noise": taught["noise"]}
        prefix = observed if kind == "gemma" else {"prefix_items": items(observed, None)}
        chunk = policy.sample_actions(**prefix, **start)
    gradients = {name: parameter.grad for name, parameter in policy.named_parameters() if is_learnt(parameter.grad)}
    return {
        "loss": number(loss.item()),
        "velocity": rounded(seen[0]),
        "sampled": rounded(chunk),
        "parameters": {name: described[name] for name in gradients},
        "gradients": {name: gradient_summary(name, gradient) for name, gradient in gradients.items()},
    }


def is_learnt(gradient: torch.Tensor | None) -> bool:
    """Not what stands behind the backbone's last keys, nor what discrete actions go through."""
    return gradient is not None and gradient.abs().max().item() > 0


def row(kind: str, most: str, other: str) -> dict:
    """All of one case, and of the other what comes out."""
    whole, brief = results(kind, most), results(kind, other)
    return {
        "sizes": {
            "vision": {"picture": PICTURES[kind], "square": 2 if kind == "gemma" else 1, **VISION},
            **SIZES[kind],
        },
        "parameters": whole.pop("parameters"),
        most: whole,
        other: {name: brief[name] for name in ("loss", "velocity")},
    }


def at_micro_size() -> None:
    """In float32, with the table for a tokenizer."""
    paligemma_trunks.PaliGemmaWithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    for module in (on_gemma, on_paligemma, gemma_trunks, paligemma_trunks):
        module._preferred_dtype = lambda: torch.float32
        module.AutoTokenizer = SimpleNamespace(from_pretrained=lambda name: Table)
    on_paligemma.PaliGemmaWithExpertConfig = opentau_micro.micro_paligemma(
        on_paligemma.PaliGemmaWithExpertConfig, LAYERS["paligemma"], PICTURES["paligemma"], VOCABULARY
    )


if __name__ == "__main__":
    at_micro_size()
    write(
        Path(__file__).with_name("pi07.json"),
        {
            "says": "Velocities and losses of chunks, gradients of the loss, and chunks sampled. See the docstring of pi07.py.",
            "command": "python test/parity/pi07.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            "vocabulary": VOCABULARY,
            "texts": TEXTS,
            "facts": {"viewReal": VIEW_REAL, "tokenReal": TOKEN_REAL, "historyReal": HISTORY_REAL},
            "cases": CASES,
            "time": TIME,
            "gemma": row("gemma", "told", "untold"),
            "paligemma": row("paligemma", "mixed", "told"),
        },
    )
