"""One training step of a small transformer in PyTorch, to be timed beside our own: forward, backward, AdamW.

    python bench/pytorch_engine.py --threads 2                       every shape, eager and compiled, one JSON line per repetition
    python bench/pytorch_engine.py --threads 2 --shape B8T64D256 --mode eager --pair
    python bench/pytorch_engine.py --threads 2 --device cuda         the same on a card, and at a larger shape
    python bench/pytorch_engine.py --threads 2 --parity              losses of the first steps, to show that both compute the same

The model: four pre-norm blocks (LayerNorm, D/64 heads of full softmax attention without a mask, residual; LayerNorm, MLP of 4 D
with gelu tanh, residual), LayerNorm, Linear; LayerNorm eps 1e-6, biases everywhere; mean squared error against a target of the
input's shape; AdamW on every parameter (`ADAMW`; p -= lr * decay * p, then the update of moments). Input, target and first
weights come from `test/parity/formula.py`: names `engine/input`, `engine/target` and the parameter's own, with query, key and
value made apart and stored as one matrix, as PyTorch runs them fastest.

`--pair`: says {"ready": true} after the warm-up; each line "go" on standard input runs `--steps` steps and prints their mean,
so that a caller can alternate with another program; the end of the input ends it.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "test" / "parity"))
import formula  # noqa: E402

SHAPES = {"B8T64D256": (8, 64, 256), "B8T256D512": (8, 256, 512), "B32T512D1024": (32, 512, 1024)}
BLOCKS, HEAD_WIDTH = 4, 64
ADAMW = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.01}


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, 1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, 1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            part.unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        x = x + self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(width) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(width, 1e-6)
        self.head = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(self.head(self.norm(self.blocks(x))), target)


def formula_parameter(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Matrices 0.5 / sqrt(inputs) around 0; LayerNorm weights 0.1 around 1; biases 0.1 around 0."""
    if "qkv" in name:
        third = (shape[0] // 3, *shape[1:])
        return torch.cat([formula_parameter(name.replace("qkv", part), third) for part in ("query", "key", "value")])
    scale = 0.5 / math.sqrt(shape[1]) if len(shape) > 1 else 0.1
    offset = 1.0 if "norm" in name and name.endswith(".weight") else 0.0
    return torch.from_numpy(formula.values(name, shape, scale, offset))


class Training:
    """A model at its formula weights, its optimizer and its one batch."""

    def __init__(self, shape: str, mode: str, device: str = "cpu"):
        self.shape, self.mode, self.device = shape, mode, device
        size = SHAPES[shape]
        self.model = Transformer(size[2])
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(formula_parameter(name, tuple(parameter.shape)))
        self.model.to(device)
        self.input, self.target = (
            torch.from_numpy(formula.values(f"engine/{part}", size, 1.0, 0.0)).to(device)
            for part in ("input", "target")
        )
        self.optimizer = torch.optim.AdamW(self.model.parameters(), **ADAMW, fused=True)
        self.forward = torch.compile(self.model) if mode == "compile" else self.model
        self.autocast = torch.autocast(device, torch.bfloat16, enabled=mode == "autocast")

    def step(self) -> torch.Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast:
            loss = self.forward(self.input, self.target)
        loss.backward()
        self.optimizer.step()
        return loss

    def milliseconds(self, steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        if self.device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1000 / steps


def say(**facts) -> None:
    print(json.dumps(facts), flush=True)


def show_parity(training: Training) -> None:
    losses = [training.step().item() for _ in range(3)]
    with torch.no_grad():
        losses.append(training.forward(training.input, training.target).item())
        norm = torch.stack([parameter.double().square().sum() for parameter in training.model.parameters()]).sum().sqrt()
    say(shape=training.shape, mode=training.mode, losses=losses, weightNorm=norm.item())


def measure(training: Training, options: argparse.Namespace) -> None:
    training.milliseconds(options.warmup)
    report = lambda: say(
        shape=training.shape,
        mode=training.mode,
        threads=torch.get_num_threads(),
        steps=options.steps,
        ms=training.milliseconds(options.steps),
    )
    if not options.pair:
        for _ in range(options.repetitions):
            report()
        return
    say(ready=True, shape=training.shape, mode=training.mode, torch=torch.__version__)
    for line in sys.stdin:
        if line.strip() != "go":
            sys.exit(f'pytorch_engine: expected "go", got "{line.strip()}"')
        report()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shape", choices=SHAPES, help="default: all that the device is measured at")
    parser.add_argument("--mode", choices=("eager", "compile", "autocast"), help="default: the first two")
    parser.add_argument("--steps", type=int, default=10, help="steps of one repetition")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--warmup", type=int, default=8, help="steps before the first measured one")
    parser.add_argument("--pair", action="store_true")
    parser.add_argument("--parity", action="store_true")
    options = parser.parse_args()
    if options.pair and not (options.shape and options.mode):
        parser.error("--pair needs --shape and --mode")
    torch.set_num_threads(options.threads)
    every = [shape for shape in SHAPES if options.device == "cuda" or shape != "B32T512D1024"]
    for shape in [options.shape] if options.shape else every:
        for mode in [options.mode] if options.mode else ("eager", "compile"):
            training = Training(shape, mode, options.device)
            if options.parity:
                show_parity(training)
            else:
                measure(training, options)
