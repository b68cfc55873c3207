"""LeRobot's policies with random weights, to be timed beside our own: answers, and steps of training, in PyTorch eager.

    python bench/lerobot_policy.py make FOLDER --variant smolvla --size SIZE.json
    python bench/lerobot_policy.py answer FOLDER --threads 2        and "step": one repetition for each line "go"

`make` writes weights in LeRobot's own format, and under `answer/` and `step/` one batch each, in the form of the folders that
`armature parity` reads. SIZE.json says the sizes as `src/policy/size.ts` has them, `vocabulary`, `prompt`, `rows` of a step and
`cameras`; the classes are those of `lerobot_sized.py`. The optimizer and its clipping are those of LeRobot's configuration by default, and so
are the frozen parts where `frozen` is "default"; of SmolVLA it may be "tower": `freeze_vision_encoder` without `train_expert_only`.

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

from lerobot_sized import ACTION, ANSWER, CHUNK, MARKS, STATE, WIDTH, described  # noqa: E402
from lerobot_tasks import way_of  # noqa: E402

SEED = 11


def make(folder: Path, variant: str, size: Path) -> None:
    fields = json.loads(size.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"head_dim": fields["backbone"]["headWidth"], "v_heads": fields["vision"]["heads"], "chunk": CHUNK}
    case = {"variant": variant, "size": fields, "sizes": plain, "cameras_in_order": fields["cameras"], "stand_in_ids": MARKS}
    (folder / "case.json").write_text(json.dumps(case))
    said, kind, config = described(folder)
    torch.manual_seed(SEED)
    policy = kind(config)
    with torch.no_grad():
        for name, parameter in policy.named_parameters():
            parameter.normal_(gain_of(variant, name, parameter), deviation(parameter))
    case["trained"] = [name for name, parameter in policy.named_parameters() if parameter.requires_grad]
    optimizer = vars(config.get_optimizer_preset())
    case["optimizer"] = {key: optimizer[key] for key in ("lr", "betas", "eps", "weight_decay", "grad_clip_norm")}
    (folder / "case.json").write_text(json.dumps(case))
    policy.save_pretrained(folder)
    for task, rows in (("answer", 1), ("step", said.size.rows)):
        place = folder / task
        place.mkdir(exist_ok=True)
        (place / "case.json").write_text(json.dumps(case))
        save_file(batch_of(variant, said.size, rows), place / "case.safetensors")


def gain_of(variant: str, name: str, parameter: torch.Tensor) -> float:
    """What scales a norm: around 1, but in Gemma, which adds 1 to it."""
    if variant == "groot_n17":
        return 1.0 if ("norm" in name or "vlln" in name) and name.endswith("weight") and parameter.ndim == 1 else 0.0
    is_gain = "norm" in name and name.endswith("weight") and ".dense" not in name
    return 1.0 if is_gain and (variant == "smolvla" or "vision_tower" in name) else 0.0


def deviation(parameter: torch.Tensor) -> float:
    """Maps by embodiment are `[embodiment, in, out]`, all others `[out, in]`."""
    if parameter.ndim < 2:
        return 0.1
    return parameter.shape[1 if parameter.ndim == 3 else -1] ** -0.5


def batch_of(variant: str, size: SimpleNamespace, rows: int) -> dict:
    """One batch, all real: every token, camera and step."""
    own = features_batch(size, rows) if variant == "groot_n17" else batch(size, rows)
    if variant == "pi0_fast":
        own["in.action_tokens"] = torch.randint(3, size.vocabulary, (rows, ANSWER))
        own["in.action_tokens_mask"] = torch.ones(rows, ANSWER, dtype=torch.uint8)
        # As many as are to be said: their values are of no use.
        own["out.decoded"] = torch.zeros(rows, ANSWER, dtype=torch.int64)
    return {name: tensor.contiguous() for name, tensor in own.items()}


def features_batch(size: SimpleNamespace, rows: int) -> dict:
    """As many features as π0 has of pictures and prompt; robots of different embodiments, whose weights are a share of all."""
    pictures = len(size.cameras) * (size.vision.picture // size.vision.patch) ** 2
    count = pictures + size.prompt
    is_picture = (torch.arange(count) < pictures).to(torch.uint8).repeat(rows, 1)
    mask = torch.zeros(rows, CHUNK, WIDTH)
    mask[:, :, :ACTION] = 1
    actions, noise = torch.randn(rows, CHUNK, WIDTH), torch.randn(rows, CHUNK, WIDTH)
    at = torch.rand(rows) * 0.9 + 0.05
    return {
        "in.backbone_features": torch.randn(rows, count, size.backbone.width),
        "in.backbone_mask": torch.ones(rows, count, dtype=torch.uint8),
        "in.image_mask": is_picture,
        "in.state": torch.randn(rows, 1, WIDTH),
        "in.actions": actions,
        "in.action_mask": mask,
        "in.embodiment": torch.arange(rows),
        "in.noise": noise,
        "in.first_noise": torch.randn(rows, CHUNK, WIDTH),
        "in.time": at,
        "out.x_t": (1 - at[:, None, None]) * noise + at[:, None, None] * actions,
    }


def batch(size: SimpleNamespace, rows: int) -> dict:
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
    return tensors


class Task:
    """A policy and its one batch."""

    def __init__(self, folder: Path, task: str):
        said, kind, config = described(folder)
        self.policy = kind.from_pretrained(folder)
        self.way = way_of(self.policy, said, load_file(folder / task / "case.safetensors"))
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
        return {"computed": self.way.answer().flatten().tolist()}

    def step(self) -> dict:
        """As LeRobot's training does one, on noise and times that are given."""
        loss = self.way.loss()
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
    parser.add_argument("--variant", choices=("smolvla", "pi0", "pi05", "pi0_fast", "groot_n17"))
    parser.add_argument("--size", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.task == "make":
        make(options.folder, options.variant, options.size)
    else:
        serve(options.folder, options.task)
