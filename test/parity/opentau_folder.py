"""Folders as OpenTau's `save_pretrained` leaves them, of its own classes at micro size: names, shapes and numbers of every tensor.

    python test/parity/opentau_folder.py OPENTAU      writes test/parity/opentau-folder.json

Policies are those of `opentau_pi0.py`, `pi05_fast.py`, `pi05_mem.py`, `pi05_mem_motion.py`, `pi07.py`, with their weights, and π0.6 as `pi07.py`
sizes its trunks. Around
each stand the norms that its policy has, of two heads. What is stored is what `safetensors` has written; numbers follow from the formula.
Of π0 and π0.6, whose numbers stand nowhere else, the velocity of a chunk and a whole chunk, on the pictures of now of `pi07.py`, are stored as
well.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

import formula
import opentau_micro
import opentau_pi0
import pi05_fast
import pi05_mem
import pi05_mem_motion
import pi07
import torch
import transformers
from opentau.configs.types import FeatureType, NormalizationMode, PolicyFeature
from opentau.policies.pi06 import gemma3_with_expert as trunks
from opentau.policies.pi06 import modeling_pi06 as on_gemma
from safetensors import safe_open
from safetensors.torch import save_model
from video_encoder import made_with
from writing import number, rounded, write

spec = importlib.util.spec_from_file_location("norms", Path(sys.argv[1]) / "opentau/policies/normalize.py")
norms = importlib.util.module_from_spec(spec)
spec.loader.exec_module(norms)

STATE, ACTIONS, HEADS = 5, 6, 2


def pi06():
    config = pi07.config("gemma", 2, False)
    config.predict_response, config.response_max_length = False, 4
    policy = on_gemma.PI06FlowMatching(config, discrete_action_vocab_size=4, language_tokenizer=pi07.Table).float().eval()
    return policy, opentau_micro.fill(policy, "pi06")


def sampled(policy) -> dict:
    observed, taught = pi07.given("gemma", "untold")
    now = {
        "images": [video[:, -1] * 2 - 1 for video in observed["videos"]],
        "img_masks": observed["vid_masks"],
        "lang_tokens": observed["lang_tokens"],
        "lang_masks": observed["lang_masks"],
    }
    seen = []
    policy.action_out_proj.register_forward_hook(lambda module, read, made: seen.append(made))
    with torch.no_grad():
        loss = policy.forward(**now, **taught)["MSE"]
        velocity = seen[0]
        chunk = policy.sample_actions(**now, action_prefix=torch.zeros_like(taught["actions"]), delay=torch.tensor(0), noise=taught["noise"])
    return {"loss": number(loss.item()), "velocity": rounded(velocity), "sampled": rounded(chunk)}


def saved(policy: torch.nn.Module, described: dict, place: str) -> dict:
    """What a file holds of a policy with its norms."""
    whole = torch.nn.Module()
    whole.model = policy
    state, actions = {"state": (FeatureType.STATE, STATE)}, {"actions": (FeatureType.ACTION, ACTIONS)}
    mean, least = NormalizationMode.MEAN_STD, NormalizationMode.MIN_MAX
    for name, features, mode in (
        ("normalize_inputs", state, mean), ("normalize_targets", actions, mean), ("normalize_discrete_actions", actions, least),
        ("unnormalize_outputs", actions, mean),
    ):  # fmt: skip
        given = {key: PolicyFeature(type=kind, shape=(width,)) for key, (kind, width) in features.items()}
        setattr(whole, name, norms.Normalize(given, {kind: mode for kind, _ in features.values()}, num_datasets=HEADS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_model(whole, str(path))
        with safe_open(path, "pt") as file:
            shapes = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}
    own = {f"model.{name}": form for name, form in described.items()}
    return {
        "place": place,
        "tensors": {name: own.get(name, {"shape": shape, "scale": 1, "offset": 0}) for name, shape in sorted(shapes.items())},
    }


if __name__ == "__main__":
    fast, mem = pi05_fast, pi05_mem
    fast.at_micro_size()
    found = {"pi05": saved(*fast.model(True), "pi05-fast")}
    mem.at_micro_size()
    found["pi05_mem"] = saved(*mem.model("mrope_interleaved"), "pi05-mem")
    found["pi05_mem_motion"] = saved(*mem.model("mrope_interleaved", pi05_mem_motion.MOTION), "pi05-mem")
    opentau_pi0.at_micro_size()
    policy, described = opentau_pi0.model()
    found["pi0"] = {**saved(policy, described, "opentau-pi0"), **opentau_pi0.sampled(policy)}
    pi07.at_micro_size()
    found["pi07_low_level"] = saved(*pi07.model("gemma"), "pi07")
    found["pi07_paligemma_low_level"] = saved(*pi07.model("paligemma"), "pi07")
    published = trunks.Gemma3WithExpertConfig
    on_gemma.Gemma3WithExpertConfig = lambda **given: pi07.gemma_config(published, given)
    on_gemma.ensure_loc_tokens = lambda tokenizer, model: None
    on_gemma._preferred_dtype = trunks._preferred_dtype = lambda: torch.float32
    trunks.Gemma3WithExpertModel.to_bfloat16_like_physical_intelligence = lambda self: None
    policy, described = pi06()
    found["pi06"] = {**saved(policy, described, "pi06"), **sampled(policy)}
    write(
        Path(__file__).with_name("opentau-folder.json"),
        {
            "says": "Tensors that OpenTau saves of its policies, and how the formula makes them. See the docstring of opentau_folder.py.",
            "command": "python test/parity/opentau_folder.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            **found,
        },
    )
