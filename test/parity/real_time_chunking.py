"""Chunks that LeRobot's `RTCProcessor` bends towards what is left of the chunk before, as the truth for our guided flow.

    python test/parity/real_time_chunking.py   writes test/parity/real-time-chunking.json (lerobot 0.6.1, torch)

The policy is small: `v = tanh((x + mean of x over steps) W) V + cos(pi t / 2) x`. Inputs are float32 numbers made by
`formula.py`. LeRobot computes the velocity before it asks for gradients, so that its correction is the error itself ("first term");
a velocity that marks its input for gradients by itself makes the same class differentiate the whole prediction ("whole").
"""

import math
from pathlib import Path

import lerobot
import torch
from lerobot.policies.rtc.configuration_rtc import RTCConfig
from lerobot.policies.rtc.modeling_rtc import RTCProcessor
from lerobot.configs import RTCAttentionSchedule

import formula
from writing import rounded, write

ROWS, STEPS, DOFS, WIDTH, EULER = 2, 8, 3, 5, 5
SCHEDULES = {
    "linear": RTCAttentionSchedule.LINEAR,
    "exponential": RTCAttentionSchedule.EXP,
    "ones": RTCAttentionSchedule.ONES,
    "zeros": RTCAttentionSchedule.ZEROS,
}
# Delay, steps that are left of the chunk before, and those of them that are heeded.
CASES = [(2, 6, 6), (3, 5, 4), (0, 8, 8), (4, 4, 3)]


def made(name: str, shape: tuple[int, ...], scale: float) -> torch.Tensor:
    return torch.from_numpy(formula.values(f"real-time-chunking/{name}", shape, scale, 0.0))


def policy(gradient: str):
    into, out = made("in", (DOFS, WIDTH), 0.8), made("out", (WIDTH, DOFS), 0.8)

    def velocity(x: torch.Tensor, time: float) -> torch.Tensor:
        if gradient == "whole":
            x.requires_grad_(True)
        seen = x + x.mean(dim=1, keepdim=True)
        return torch.tanh(seen @ into) @ out + math.cos(math.pi * time / 2) * x

    return velocity


def chunk(processor: RTCProcessor, gradient: str, delay: int, rest: torch.Tensor, horizon: int) -> torch.Tensor:
    velocity = policy(gradient)
    x = made("noise", (ROWS, STEPS, DOFS), 1.5)
    for step in range(EULER):
        time = 1.0 - step / EULER
        change = processor.denoise_step(
            x_t=x,
            prev_chunk_left_over=rest,
            inference_delay=delay,
            time=time,
            original_denoise_step_partial=lambda at: velocity(at, time),
            execution_horizon=horizon,
        )
        x = (x - change / EULER).detach()
    return x


def main() -> None:
    cases = []
    for schedule, name in SCHEDULES.items():
        for delay, left, horizon in CASES:
            processor = RTCProcessor(
                RTCConfig(prefix_attention_schedule=name, max_guidance_weight=5.0, execution_horizon=horizon)
            )
            rest = made("before", (ROWS, STEPS, DOFS), 1.0)[:, :left]
            cases.append(
                {
                    "schedule": schedule,
                    "delay": delay,
                    "left": left,
                    "horizon": horizon,
                    "weights": rounded(processor.get_prefix_weights(delay, min(horizon, left), STEPS)),
                    "first term": rounded(chunk(processor, "first term", delay, rest, horizon)),
                    "whole": rounded(chunk(processor, "whole", delay, rest, horizon)),
                }
            )
    content = {
        "made by": f"lerobot {lerobot.__version__}, torch {torch.__version__}",
        "sizes": {"rows": ROWS, "steps": STEPS, "dofs": DOFS, "width": WIDTH, "euler": EULER},
        "greatestWeight": 5.0,
        "cases": cases,
    }
    write(Path(__file__).with_name("real-time-chunking.json"), content)


main()
