"""LeRobot's policies with random weights, to be timed beside our own: answers, and steps of training, in PyTorch eager.

    python bench/lerobot_policy.py make FOLDER --variant smolvla --size SIZE.json
    python bench/lerobot_policy.py answer FOLDER --threads 2        and "step": one repetition for each line "go"

`make` writes weights in LeRobot's own format, and under `answer/` and `step/` one batch each, in the form of the folders that
`armature parity` reads. SIZE.json says the sizes as `src/policy/size.ts` has them, `vocabulary`, `prompt`, `rows` of a step and
`cameras`. Nothing comes from the hub: SmolVLA's configuration and processor are made here, π0's class is built from its source with
other sizes in it. The frozen parts, the optimizer and its clipping are those of LeRobot's configuration by default.

`answer` and `step` warm up by one repetition, say {"ready": true, ...} with what it computed, and then print one repetition for each
"go": its time on the clock and of the processor, and the largest memory since the process began and since the warm-up.

Python 3.12, lerobot 0.6.1, torch 2.11.0, transformers 5.5.4.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file, save_file

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "test" / "parity"))

# What LeRobot prints on its way is no answer.
answers, sys.stdout = sys.stdout, sys.stderr

CHUNK, WIDTH, ACTION, STATE, SEED = 50, 32, 6, 6, 11


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
    )
    return modeling_smolvla.SmolVLAPolicy, config


def pi(kind: str, size: SimpleNamespace):
    """The class of π0 or π0.5, from its source with other sizes in it."""
    from lerobot_class import patched

    vision, text, expert = size.vision, size.backbone, size.expert
    own = {
        "intermediate_size": vision.mlp,
        "hidden_size": vision.width,
        "num_hidden_layers": vision.layers,
        "num_attention_heads": vision.heads,
        "patch_size": vision.patch,
    }
    line = "vlm_config_hf.vision_config."
    patches = [
        {"old": "257152", "new": str(size.vocabulary), "times": 4},
        {"old": f"{line}intermediate_size = 4304", "new": "; ".join(f"{line}{key} = {value}" for key, value in own.items()), "times": 1},
        {"old": f"{line}projection_dim = 2048", "new": f"{line}projection_dim = {text.width}", "times": 1},
        {"old": "1 * 8 * head_dim", "new": f"1 * {text.heads} * head_dim", "times": 1},
    ]
    sizes = {
        "width": text.width,
        "mlp": text.mlp,
        "e_width": expert.width,
        "e_mlp": expert.mlp,
        "depth": text.layers,
        "heads": text.heads,
        "kv": text.keyHeads,
        "head_dim": text.headWidth,
    }
    module = patched(f"lerobot.policies.{kind}.modeling_{kind}", patches, sizes)
    config = getattr(module, f"{kind.upper()}Config")(
        **features(size), image_resolution=(vision.picture, vision.picture)
    )
    return getattr(module, f"{kind.upper()}Policy"), config


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


def described(folder: Path):
    said = json.loads((folder / "case.json").read_text(), object_hook=lambda fields: SimpleNamespace(**fields))
    make = smolvla if said.variant == "smolvla" else lambda size: pi(said.variant, size)
    return said, *make(said.size)


def make(folder: Path, variant: str, size: Path) -> None:
    fields = json.loads(size.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"head_dim": fields["backbone"]["headWidth"], "v_heads": fields["vision"]["heads"], "chunk": CHUNK}
    case = {"variant": variant, "size": fields, "sizes": plain, "cameras_in_order": fields["cameras"]}
    (folder / "case.json").write_text(json.dumps(case))
    said, kind, config = described(folder)
    torch.manual_seed(SEED)
    policy = kind(config)
    with torch.no_grad():
        for name, parameter in policy.named_parameters():
            is_gain = "norm" in name and name.endswith("weight") and ".dense" not in name
            gain = 1.0 if is_gain and (variant == "smolvla" or "vision_tower" in name) else 0.0
            parameter.normal_(gain, 0.1 if parameter.ndim < 2 else parameter.shape[-1] ** -0.5)
    case["trained"] = [name for name, parameter in policy.named_parameters() if parameter.requires_grad]
    optimizer = vars(config.get_optimizer_preset())
    case["optimizer"] = {key: optimizer[key] for key in ("lr", "betas", "eps", "weight_decay", "grad_clip_norm")}
    (folder / "case.json").write_text(json.dumps(case))
    policy.save_pretrained(folder)
    for task, rows in (("answer", 1), ("step", said.size.rows)):
        place = folder / task
        place.mkdir(exist_ok=True)
        (place / "case.json").write_text(json.dumps(case))
        save_file(batch(said.size, rows), place / "case.safetensors")


def batch(size: SimpleNamespace, rows: int) -> dict:
    """One batch, all real: every token, camera and step."""
    side = size.vision.picture
    actions, state = torch.zeros(rows, CHUNK, WIDTH), torch.zeros(rows, WIDTH)
    actions[:, :, :ACTION], state[:, :STATE] = torch.randn(rows, CHUNK, ACTION), torch.randn(rows, STATE)
    noise, at = torch.randn(rows, CHUNK, WIDTH), torch.rand(rows) * 0.9 + 0.05
    tensors = {
        "in.tokens": torch.randint(3, size.vocabulary, (rows, size.prompt)),
        "in.tokens_mask": torch.ones(rows, size.prompt, dtype=torch.uint8),
        "in.state": state,
        "in.actions": actions,
        "raw.actions": actions[:, :, :ACTION],
        "in.noise": noise,
        "in.first_noise": torch.randn(rows, CHUNK, WIDTH),
        "in.time": at,
        "out.x_t": at[:, None, None] * noise + (1 - at[:, None, None]) * actions,
    }
    for camera in size.cameras:
        tensors[f"in.image.{camera}"] = torch.rand(rows, 3, side, side) * 2 - 1
        tensors[f"in.image_mask.{camera}"] = torch.ones(rows, dtype=torch.uint8)
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


class Task:
    """A policy and its one batch."""

    def __init__(self, folder: Path, task: str):
        said, kind, config = described(folder)
        self.policy = kind.from_pretrained(folder)
        given = load_file(folder / task / "case.safetensors")
        cameras = said.size.cameras
        self.observation = [
            [given[f"in.image.{camera}"] for camera in cameras],
            [given[f"in.image_mask.{camera}"].bool() for camera in cameras],
            given["in.tokens"],
            given["in.tokens_mask"].bool(),
            *([] if said.variant == "pi05" else [given["in.state"]]),
        ]
        self.given = given
        self.run = self.answer if task == "answer" else self.step
        if task == "step":
            self.policy.train()
            preset = config.get_optimizer_preset()
            self.clip = preset.grad_clip_norm
            self.optimizer = preset.build(self.policy.get_optim_params())
        else:
            self.policy.eval()

    @torch.no_grad()
    def answer(self) -> dict:
        chunk = self.policy.model.sample_actions(*self.observation, noise=self.given["in.first_noise"])
        return {"computed": chunk.flatten().tolist()}

    def step(self) -> dict:
        """As LeRobot's training does one, on noise and times that are given."""
        actions, noise, at = (self.given[f"in.{name}"] for name in ("actions", "noise", "time"))
        loss = self.policy.model.forward(*self.observation, actions, noise, at)[:, :, :ACTION].mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.clip, error_if_nonfinite=False)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {"computed": [loss.item(), norm.item()]}


def processor_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


def peak_mib() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def say(**facts) -> None:
    print(json.dumps(facts), file=answers, flush=True)


def serve(folder: Path, task: str) -> None:
    contestant = Task(folder, task)
    first = contestant.run()
    whole = peak_mib()
    Path("/proc/self/clear_refs").write_text("5")
    say(ready=True, torch=torch.__version__, **first)
    for _ in sys.stdin:
        start, used = time.perf_counter(), processor_ms()
        found = contestant.run()
        ms, processor = (time.perf_counter() - start) * 1000, processor_ms() - used
        working = peak_mib()
        say(ms=ms, processorMs=processor, peakMib=max(whole, working), workingMib=working, **found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("make", "answer", "step"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", choices=("smolvla", "pi0", "pi05"))
    parser.add_argument("--size", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.task == "make":
        make(options.folder, options.variant, options.size)
    else:
        serve(options.folder, options.task)
