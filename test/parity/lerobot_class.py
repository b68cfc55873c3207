"""Loads an exported folder with LeRobot's own class and compares its actions with a case's.

    python test/parity/lerobot_class.py EXPORTED REFERENCE

EXPORTED is what `armature export RUN --lerobot EXPORTED` wrote of a run that was imported from REFERENCE, which holds case.json and
case.safetensors. Python 3.12 with lerobot 0.6.1, torch 2.11.0, transformers 5.5.4. Prints the largest differences and exits with 1
where one is more than 1e-4 of the largest value.

The case's policy is smaller than any that LeRobot knows, so its class is built from patched source: sizes alone, as case.json says.
"""

import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from lerobot.processor import PolicyProcessorPipeline
from lerobot.processor.converters import policy_action_to_transition, transition_to_policy_action
from safetensors.torch import load_file


def patched(module: str, patches: list, sizes: dict):
    """The module with other sizes in its source."""
    spec = importlib.util.find_spec(module)
    source = Path(spec.origin).read_text()
    for patch in patches:
        assert source.count(patch["old"]) == patch["times"], patch
        source = source.replace(patch["old"], patch["new"])
    own = importlib.util.module_from_spec(spec)
    sys.modules[module] = own
    exec(compile(source, spec.origin, "exec"), own.__dict__)

    def sized(variant: str):
        is_expert = variant == "gemma_300m"
        return own.GemmaConfig(
            width=sizes["e_width" if is_expert else "width"],
            depth=sizes["depth"],
            mlp_dim=sizes["e_mlp" if is_expert else "mlp"],
            num_heads=sizes["heads"],
            num_kv_heads=sizes["kv"],
            head_dim=sizes["head_dim"],
        )

    own.get_gemma_config = sized
    return own


def preprocess(exported: Path, numbers: dict, case: dict) -> dict:
    """The raw state and actions through the exported preprocessor, without the step that needs a tokenizer of the hub."""
    with tempfile.TemporaryDirectory() as folder:
        for file in exported.glob("policy_preprocessor*"):
            shutil.copy(file, folder)
        path = Path(folder) / "policy_preprocessor.json"
        config = json.loads(path.read_text())
        config["steps"] = [step for step in config["steps"] if step["registry_name"] != "tokenizer_processor"]
        path.write_text(json.dumps(config))
        pipeline = PolicyProcessorPipeline.from_pretrained(folder, config_filename=path.name)
        return pipeline(
            {
                "observation.state": numbers["raw.state"],
                "action": numbers["raw.actions"],
                "task": case["raw_tasks"],
            }
        )


def main(exported: Path, reference: Path) -> int:
    case = json.loads((reference / "case.json").read_text())
    numbers = load_file(reference / "case.safetensors")
    kind = json.loads((exported / "config.json").read_text())["type"]
    module = patched(f"lerobot.policies.{kind}.modeling_{kind}", case["source_patches"], case["sizes"])
    policy = getattr(module, f"{kind.upper()}Policy").from_pretrained(exported)
    policy.eval()

    saved = load_file(exported / "model.safetensors")
    held = policy.state_dict()
    assert set(saved) == set(held), sorted(set(saved) ^ set(held))[:4]
    assert all(torch.equal(saved[name], held[name]) for name in saved), "weights that were not loaded"

    cameras = case["cameras_in_order"]
    images = [numbers[f"in.image.{camera}"] for camera in cameras]
    masks = [numbers[f"in.image_mask.{camera}"].bool() for camera in cameras]
    tokens, tokens_mask = numbers["in.tokens"], numbers["in.tokens_mask"].bool()
    state = [numbers["in.state"]] if kind == "pi0" else []
    with torch.no_grad():
        sampled = policy.model.sample_actions(
            images, masks, tokens, tokens_mask, *state, noise=numbers["in.first_noise"]
        )

    processed = preprocess(exported, numbers, case)
    postprocess = PolicyProcessorPipeline.from_pretrained(
        exported,
        config_filename="policy_postprocessor.json",
        to_transition=policy_action_to_transition,
        to_output=transition_to_policy_action,
    )
    width = numbers["out.sampled_robot"].shape[-1]
    worst = 0.0
    for name, got in (
        ("processed.state", processed["observation.state"]),
        ("processed.actions", processed["action"]),
        ("out.sampled", sampled),
        ("out.sampled_robot", postprocess(sampled[:, :, :width])),
    ):
        wanted = numbers[name]
        apart = ((got - wanted).abs().max() / wanted.abs().max()).item()
        worst = max(worst, apart)
        print(f"{name}: {apart:.1e}")
    return 0 if worst <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
