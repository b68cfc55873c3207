"""JSON with one line per leaf array, so that a change of a reference is a readable diff."""

import json
from pathlib import Path

import torch


def rounded(array: torch.Tensor) -> list[float]:
    """Cells in row-major order, 10 significant digits."""
    return [number(cell) for cell in array.detach().double().flatten().tolist()]


def number(cell: float) -> float:
    return float(f"{cell:.10g}") + 0.0


def write(path: Path, content: dict) -> None:
    path.write_text(_text(content, 0) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


def _text(node, depth: int) -> str:
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(node, dict) and any(isinstance(part, (dict, list)) for part in node.values()):
        rows = [f"{inner}{json.dumps(key)}: {_text(part, depth + 1)}" for key, part in node.items()]
        return "{\n" + ",\n".join(rows) + f"\n{outer}}}"
    if isinstance(node, list) and any(isinstance(part, (dict, list)) for part in node):
        return "[\n" + ",\n".join(inner + _text(part, depth + 1) for part in node) + f"\n{outer}]"
    return json.dumps(node, ensure_ascii=False)
