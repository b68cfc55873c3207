"""Loads an exported folder with LeRobot's own class and compares its actions with a case's.

    python test/parity/lerobot_class.py EXPORTED REFERENCE

EXPORTED is what `armature export RUN --lerobot EXPORTED` wrote of a run that was imported from REFERENCE, which holds case.json and
case.safetensors. Python 3.12 with lerobot 0.6.1, torch 2.11.0, transformers 5.5.4. Prints the largest differences and exits with 1
where one is more than 1e-4 of the largest value.

The case's policy is smaller than any that LeRobot knows, so its class is built from patched source, or for SmolVLA from a configuration that
is not the hub's: sizes alone, as case.json says.
"""

import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

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


def smolvla(case: dict):
    """LeRobot's module of SmolVLA, whose language model has the sizes of the case and not of the hub's."""
    from lerobot.policies.smolvla import modeling_smolvla, smolvlm_with_expert
    from transformers import SmolVLMConfig

    sizes = case["sizes"]
    config = SmolVLMConfig(
        vision_config={
            "hidden_size": sizes["v_width"],
            "intermediate_size": sizes["v_mlp"],
            "num_hidden_layers": sizes["v_depth"],
            "num_attention_heads": sizes["v_heads"],
            "image_size": sizes["image"],
            "patch_size": sizes["patch"],
        },
        text_config={
            "model_type": "llama",
            "hidden_size": sizes["width"],
            "intermediate_size": sizes["mlp"],
            "num_hidden_layers": sizes["depth"],
            "num_attention_heads": sizes["heads"],
            "num_key_value_heads": sizes["kv"],
            "head_dim": sizes["head_dim"],
            "vocab_size": sizes["vocab"],
            "rms_norm_eps": 1e-5,
            "pad_token_id": 2,
        },
        scale_factor=sizes["scale"],
        pad_token_id=2,
    )
    marks = case["special_image_tokens"] or {"start": [0, 0]}
    fake, whole = marks["start"]
    tokenizer = SimpleNamespace(fake_image_token_id=fake, global_image_token_id=whole)
    smolvlm_with_expert.AutoConfig = SimpleNamespace(from_pretrained=lambda _: config)
    smolvlm_with_expert.AutoProcessor = SimpleNamespace(from_pretrained=lambda _: SimpleNamespace(tokenizer=tokenizer))
    plain = smolvlm_with_expert.get_intermediate_size
    smolvlm_with_expert.get_intermediate_size = lambda width, m=4, multiple_of=16: plain(width, m, multiple_of)
    return modeling_smolvla


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
    if kind == "smolvla":
        module, name = smolvla(case), "SmolVLAPolicy"
    else:
        module = patched(f"lerobot.policies.{kind}.modeling_{kind}", case["source_patches"], case["sizes"])
        name = {"pi0": "PI0Policy", "pi05": "PI05Policy", "pi0_fast": "PI0FastPolicy"}[kind]
    if kind == "pi0_fast":
        ids = case["stand_in_ids"]
        words = SimpleNamespace(bos_token_id=ids["bos"], eos_token_id=ids["eos"], convert_tokens_to_ids=ids.get)
        module.AutoTokenizer = SimpleNamespace(from_pretrained=lambda *_, **__: words)
        module.AutoProcessor = SimpleNamespace(from_pretrained=lambda *_, **__: None)
    policy = getattr(module, name).from_pretrained(exported)
    policy.eval()

    saved = load_file(exported / "model.safetensors")
    held = policy.state_dict()
    assert set(saved) == set(held), sorted(set(saved) ^ set(held))[:4]
    assert all(torch.equal(saved[name], held[name]) for name in saved), "weights that were not loaded"

    cameras = case["cameras_in_order"]
    images = [numbers[f"in.image.{camera}"] for camera in cameras]
    masks = [numbers[f"in.image_mask.{camera}"].bool() for camera in cameras]
    tokens, tokens_mask = numbers["in.tokens"], numbers["in.tokens_mask"].bool()
    if kind == "pi0_fast":
        steps = case["decoding"]["steps"]
        said = policy.model.sample_actions_fast_kv_cache(images, masks, tokens, tokens_mask, max_decoding_steps=steps)
        print(f"out.decoded: {(said != numbers['out.decoded']).sum().item()} of {said.numel()} tokens differ")
        return 0 if torch.equal(said, numbers["out.decoded"]) else 1
    state = [numbers["in.state"]] if kind in ("pi0", "smolvla") else []
    with torch.no_grad():
        sampled = policy.model.sample_actions(
            images, masks, tokens, tokens_mask, *state, noise=numbers["in.first_noise"]
        )

    found = [("out.sampled", sampled)]
    if "raw.state" in numbers:
        found += normalised(exported, numbers, case, sampled)
    worst = 0.0
    for name, got in found:
        wanted = numbers[name]
        apart = ((got - wanted).abs().max() / wanted.abs().max()).item()
        worst = max(worst, apart)
        print(f"{name}: {apart:.1e}")
    return 0 if worst <= 1e-4 else 1


def normalised(exported: Path, numbers: dict, case: dict, sampled: torch.Tensor) -> list:
    """What the exported processors make of raw states and actions, and of a chunk."""
    processed = preprocess(exported, numbers, case)
    postprocess = PolicyProcessorPipeline.from_pretrained(
        exported,
        config_filename="policy_postprocessor.json",
        to_transition=policy_action_to_transition,
        to_output=transition_to_policy_action,
    )
    width = numbers["out.sampled_robot"].shape[-1]
    return [
        ("processed.state", processed["observation.state"]),
        ("processed.actions", processed["action"]),
        ("out.sampled_robot", postprocess(sampled[:, :, :width])),
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
