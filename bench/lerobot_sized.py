"""LeRobot's classes of policies at sizes of one's own, for `lerobot_policy.py`: nothing comes from the hub.

SmolVLA's configuration and processor are made here; the classes of π0's kind are built from their source with other sizes in it. GR00T is
its action head alone, which is all of N1.7 that LeRobot trains by default: it reads features, which the frozen backbone would give.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file, save_file

# Steps of a chunk, entries of states and actions as the weights have them and as the robot does, tokens of an answer.
CHUNK, WIDTH, ACTION, STATE, ANSWER = 50, 32, 6, 6, 64

# The token before an answer, and the one behind it: one that no policy says, so each answer is as long as it may be.
MARKS = {"bos": 2, "|": -1}


def smolvla(size: SimpleNamespace):
    """LeRobot's class of the sizes given."""
    from lerobot.policies.smolvla import modeling_smolvla, smolvlm_with_expert as module
    from lerobot.policies.smolvla.configuration_smolvla import SmolVLAConfig
    from transformers import SmolVLMConfig

    vision, text, expert = size.vision, size.backbone, size.expert
    hub = SmolVLMConfig(
        vision_config={
            "hidden_size": vision.width,
            "intermediate_size": vision.mlp,
            "num_hidden_layers": vision.layers,
            "num_attention_heads": vision.heads,
            "image_size": vision.picture,
            "patch_size": vision.patch,
        },
        text_config={
            "model_type": "llama",
            "hidden_size": text.width,
            "intermediate_size": text.mlp,
            "num_hidden_layers": text.layers,
            "num_attention_heads": text.heads,
            "num_key_value_heads": text.keyHeads,
            "head_dim": text.headWidth,
            "vocab_size": size.vocabulary,
            "rms_norm_eps": 1e-5,
            "pad_token_id": 2,
        },
        scale_factor=vision.square,
        pad_token_id=2,
    )
    tokenizer = SimpleNamespace(fake_image_token_id=0, global_image_token_id=0)
    module.AutoConfig = SimpleNamespace(from_pretrained=lambda _: hub)
    module.AutoProcessor = SimpleNamespace(from_pretrained=lambda _: SimpleNamespace(tokenizer=tokenizer))
    config = SmolVLAConfig(
        **features(size),
        resize_imgs_with_padding=(vision.picture, vision.picture),
        num_vlm_layers=text.layers,
        self_attn_every_n_layers=expert.jointEvery,
        expert_width_multiplier=expert.width / text.width,
        train_expert_only=getattr(size, "frozen", "default") == "default",
    )
    return modeling_smolvla.SmolVLAPolicy, config


def pi(kind: str, size: SimpleNamespace):
    """The class of π0, π0.5 or π0-FAST, from its source with other sizes in it."""
    from lerobot_class import patched

    vision, text = size.vision, size.backbone
    is_fast = kind == "pi0_fast"
    own = {
        "intermediate_size": vision.mlp,
        "hidden_size": vision.width,
        "num_hidden_layers": vision.layers,
        "num_attention_heads": vision.heads,
        "patch_size": vision.patch,
        **({"image_size": vision.picture} if is_fast else {}),
    }
    line = "vlm_config_hf.vision_config."
    patches = [
        {"old": "257152", "new": str(size.vocabulary), "times": 3 if is_fast else 4},
        {"old": f"{line}intermediate_size = 4304", "new": "; ".join(f"{line}{key} = {value}" for key, value in own.items()), "times": 1},
        {"old": f"{line}projection_dim = 2048", "new": f"{line}projection_dim = {text.width}", "times": 1},
    ]
    sizes = {
        "width": text.width,
        "mlp": text.mlp,
        "depth": text.layers,
        "heads": text.heads,
        "kv": text.keyHeads,
        "head_dim": text.headWidth,
    }
    if not is_fast:
        patches.append({"old": "1 * 8 * head_dim", "new": f"1 * {text.heads} * head_dim", "times": 1})
        sizes |= {"e_width": size.expert.width, "e_mlp": size.expert.mlp}
    module = patched(f"lerobot.policies.{kind}.modeling_{kind}", patches, sizes)
    config, policy = {
        "pi0": ("PI0Config", "PI0Policy"),
        "pi05": ("PI05Config", "PI05Policy"),
        "pi0_fast": ("PI0FastConfig", "PI0FastPolicy"),
    }[kind]
    more = {}
    if is_fast:
        more = {"max_action_tokens": ANSWER, "max_decoding_steps": ANSWER, "temperature": 0.0}
        words = SimpleNamespace(bos_token_id=MARKS["bos"], convert_tokens_to_ids=MARKS.get)
        module.AutoTokenizer = SimpleNamespace(from_pretrained=lambda *_, **__: words)
        module.AutoProcessor = SimpleNamespace(from_pretrained=lambda *_, **__: None)
    own_config = getattr(module, config)(**features(size), image_resolution=(vision.picture, vision.picture), **more)
    return getattr(module, policy), own_config


class Groot(torch.nn.Module):
    """N1.7's action head as LeRobot's policy holds it, in files as NVIDIA's."""

    def __init__(self, config: SimpleNamespace):
        from lerobot.policies.groot import groot_n1_7 as module

        super().__init__()
        self.said = config.said
        self.action_head = module.GR00TN17ActionHead(module.GR00TN17Config(**config.said))

    def save_pretrained(self, folder: Path) -> None:
        save_file({name: value.contiguous() for name, value in self.state_dict().items()}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({**self.said, "model_type": "Gr00tN1d7"}))

    @classmethod
    def from_pretrained(cls, folder: Path) -> "Groot":
        said = json.loads((folder / "config.json").read_text())
        said.pop("model_type")
        policy = cls(SimpleNamespace(said=said))
        policy.load_state_dict(load_file(folder / "model.safetensors"))
        return policy

    def get_optim_params(self):
        return self.parameters()


class GrootFiles:
    """What `config.json` says of the head, and LeRobot's optimizer of it."""

    def __init__(self, size: SimpleNamespace):
        from lerobot.policies.groot.groot_n1_7 import GR00T_N1_7_DEFAULTS as published

        dit, over = size.dit, size.dit.features
        # Without what is left to chance: both sides are to compute the same.
        certain = {"dropout": 0.0}
        self.said = {
            **published,
            "dtype": "float32",
            "model_dtype": "float32",
            "state_dropout_prob": 0.0,
            "action_horizon": CHUNK,
            "max_state_dim": WIDTH,
            "max_action_dim": WIDTH,
            "backbone_embedding_dim": size.backbone.width,
            "input_embedding_dim": dit.width,
            "hidden_size": dit.state,
            "max_seq_len": dit.places,
            "attend_text_every_n_blocks": dit.textEvery,
            "diffusion_model_cfg": {
                **published["diffusion_model_cfg"],
                **certain,
                "attention_head_dim": dit.headWidth,
                "num_attention_heads": dit.heads,
                "num_layers": dit.layers,
                "output_dim": dit.output,
            },
            "vl_self_attention_cfg": {
                **published["vl_self_attention_cfg"],
                **certain,
                "attention_head_dim": over.headWidth,
                "num_attention_heads": over.heads,
                "num_layers": over.layers,
            },
        }

    def get_optimizer_preset(self):
        from lerobot.policies.groot.configuration_groot import GrootConfig

        return GrootConfig(device="cpu").get_optimizer_preset()


def groot(size: SimpleNamespace):
    return Groot, GrootFiles(size)


def described(folder: Path):
    """What `case.json` says, the policy's class and its configuration."""
    said = json.loads((folder / "case.json").read_text(), object_hook=lambda fields: SimpleNamespace(**fields))
    own = {"smolvla": smolvla, "groot_n17": groot}
    make = own.get(said.variant, lambda size: pi(said.variant, size))
    return said, *make(said.size)


def features(size: SimpleNamespace) -> dict:
    from lerobot.configs.types import FeatureType, PolicyFeature

    picture = PolicyFeature(FeatureType.VISUAL, (3, size.vision.picture, size.vision.picture))
    return {
        "input_features": {
            "observation.state": PolicyFeature(FeatureType.STATE, (STATE,)),
            **{f"observation.images.{camera}": picture for camera in size.cameras},
        },
        "output_features": {"action": PolicyFeature(FeatureType.ACTION, (ACTION,))},
        "chunk_size": CHUNK,
        "n_action_steps": CHUNK,
        "device": "cpu",
    }
