"""Runs an exported ONNX file in ONNX Runtime and compares its actions with those that the origin of its weights computed.

    armature export RUN --onnx FILE --pictures float32
    python test/parity/onnx_file.py FILE REFERENCE

RUN was imported from REFERENCE, which holds case.json and case.safetensors. Python 3.12 with onnxruntime 1.32.0, onnx 1.23.2 and
safetensors. Prints the file's operators, then the largest difference as a share of the largest action, and exits with 1 where it is more
than 1e-4. Numbers that are fed where nothing exists are NaN, and change nothing.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file


def operators(graph: onnx.GraphProto) -> Counter:
    """Operators of a graph and of the bodies in it, with their domains."""
    found = Counter()
    for node in graph.node:
        found[(node.domain or "ai.onnx", node.op_type)] += 1
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found += operators(attribute.g)
    return found


def feeds(session: onnxruntime.InferenceSession, numbers: dict, cameras: list, row: int) -> dict:
    """What one sample of a case feeds, with NaN where it has nothing."""
    shapes = {one.name: one.shape for one in session.get_inputs()}
    own = {}
    if "state" in shapes:
        own["state"] = numbers["raw.state"][row].reshape(shapes["state"]).astype(np.float32)
    for camera in cameras:
        picture = numbers[f"in.image.{camera}"][row].transpose(1, 2, 0)
        real = bool(numbers[f"in.image_mask.{camera}"][row])
        shown = (picture + 1) * 127.5 if real else np.full_like(picture, np.nan)
        own[f"image.{camera}"] = shown.reshape(shapes[f"image.{camera}"]).astype(np.float32)
        own[f"image.{camera}.real"] = np.full(shapes[f"image.{camera}.real"], real)
    length = int(numbers["in.tokens_mask"][row].sum())
    own["prompt"] = np.zeros(shapes["prompt"], np.int32)
    own["prompt"][0, :length] = numbers["in.tokens"][row, :length]
    own["prompt.real"] = np.arange(shapes["prompt.real"][1])[None] < length
    own["noise"] = numbers["in.first_noise"][row][None]
    return own


def main(file: Path, reference: Path) -> int:
    model = onnx.load(file)
    onnx.checker.check_model(str(file))
    found = operators(model.graph)
    domains = sorted({domain for domain, _ in found})
    print(f"operators of {', '.join(domains)}, set {model.opset_import[0].version}: {', '.join(sorted(name for _, name in found))}")
    case = json.loads((reference / "case.json").read_text())
    numbers = load_file(reference / "case.safetensors")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    # A place for a camera that stays empty is no input.
    cameras = [name for name in case["cameras_in_order"] if not name.startswith("empty_camera")]
    assert json.loads(session.get_modelmeta().custom_metadata_map["cameras"]) == cameras
    wanted = numbers["out.sampled_robot"]
    got = np.concatenate(
        [session.run(None, feeds(session, numbers, cameras, row))[0] for row in range(len(wanted))]
    )
    apart = float(np.abs(got - wanted).max() / np.abs(wanted).max())
    print(f"{case['policy']}, out.sampled_robot {list(got.shape)}: {apart:.1e} apart")
    return 0 if apart <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
