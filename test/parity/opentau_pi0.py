"""OpenTau's own π0 at micro size, which `opentau_folder.py` stores: its weights, a velocity and a chunk of ten steps.

What it sees is what `pi07.py` gives on PaliGemma, of which it reads the pictures and the state of now. Its modules name bfloat16 where they
compute; that name is float32 here.
"""

from types import SimpleNamespace

import opentau_micro
import pi07
import torch
from opentau.policies.pi0 import modeling_pi0 as opentau
from opentau.policies.pi0 import paligemma_with_expert as trunks
from opentau.utils import transformers_patch  # noqa: F401  (the norms that its layers ask for)
from writing import number, rounded


class Single:
    """Torch, whose bfloat16 is float32."""

    bfloat16 = torch.float32

    def __getattr__(self, name: str):
        return getattr(torch, name)


def model():
    flags = ("freeze_vision_encoder", "train_expert_only", "train_vision_encoder_only", "train_state_action_representation_only")
    config = SimpleNamespace(
        **dict.fromkeys((*flags, "gradient_checkpointing"), False), attention_implementation="eager", dropout=0.0, num_steps=10,
        chunk_size=pi07.HORIZON, n_action_steps=pi07.HORIZON, proj_width=opentau_micro.WIDTHS["expert"]["width"],
        max_action_dim=pi07.DOFS, max_state_dim=pi07.STATE, train_state_proj=True, use_cache=True,
    )  # fmt: skip
    policy = opentau.PI0FlowMatching(config).float().eval()
    return policy, opentau_micro.fill(policy, "opentau-pi0")


def sampled(policy) -> dict:
    observed, taught = pi07.given("paligemma", "untold")
    now = {
        "images": [video[:, -1] * 2 - 1 for video in observed["videos"]],
        "img_masks": observed["vid_masks"],
        "lang_tokens": observed["lang_tokens"],
        "lang_masks": observed["lang_masks"],
        "state": observed["state"][:, -1],
    }
    seen = []
    policy.action_out_proj.register_forward_hook(lambda module, read, made: seen.append(made))
    with torch.no_grad():
        losses = policy.forward(**now, **{name: taught[name] for name in ("actions", "noise", "time")})
        velocity = seen[0]
        chunk = policy.sample_actions(**now, noise=taught["noise"].clone())
    return {"loss": number(losses.mean().item()), "velocity": rounded(velocity), "sampled": rounded(chunk)}


def at_micro_size() -> None:
    """In float32."""
    trunks.PaliGemmaWithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    opentau.torch = trunks.torch = Single()
    published = opentau.PaliGemmaWithExpertConfig
    opentau.PaliGemmaWithExpertConfig = opentau_micro.micro_paligemma(published, 3, pi07.PICTURES["paligemma"], pi07.VOCABULARY)
