"""What `run.ts` measures: SmolVLA with random weights as LeRobot saves it, as vla.cpp's own scripts convert it, and one question.

    python bench/vla-cpp/make.py FOLDER --vla VLA.CPP

FOLDER holds `size.json` (one camera) and gets weights and a question of `lerobot_policy.py`, the table of words rounded to bfloat16, which is all that
vla.cpp reads of one; its vla/ gets `smolvla.gguf`, and the question as raw arrays. Needs what `lerobot_policy.py` needs, and `gguf`.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file


def run(*words) -> None:
    subprocess.run([sys.executable, *map(str, words)], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vla", type=Path, required=True)
    options = parser.parse_args()
    folder, scripts = options.folder.resolve(), options.vla / "scripts"
    size = folder / "size.json"
    run(Path(__file__).parents[1] / "lerobot_policy.py", "make", folder, "--variant", "smolvla", "--size", size)
    question = load_file(folder / "answer/case.safetensors")
    place = folder / "vla"
    place.mkdir()
    weights = load_file(folder / "model.safetensors")
    words = "model.vlm_with_expert.vlm.model.text_model.embed_tokens.weight"
    rounded = weights[words].bfloat16()
    save_file(weights | {words: rounded.float()}, folder / "model.safetensors", {"format": "pt"})
    save_file(weights | {words: rounded}, place / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    width = config["max_action_dim"]
    # Its prompt is always as long as it may be, and it gives the robot's own dims alone: here all, so that all are compared.
    config["tokenizer_max_length"] = question["in.tokens"].shape[1]
    config["input_features"]["observation.state"]["shape"] = [config["max_state_dim"]]
    config["output_features"]["action"]["shape"] = [width]
    (place / "config.json").write_text(json.dumps(config))
    run(scripts / "convert_smolvla_to_gguf.py", "--ckpt", place, "--out", place / "smolvla.gguf")
    image = next(tensor for name, tensor in question.items() if name.startswith("in.image.") and tensor.ndim == 4)
    arrays = {
        "image.f32": (image[0].permute(1, 2, 0) + 1) / 2,
        "tokens.i32": question["in.tokens"][0].int(),
        "state.f32": question["in.state"][0],
        "noise.f32": question["in.first_noise"][0],
    }
    for name, tensor in arrays.items():
        (place / name).write_bytes(tensor.contiguous().numpy().tobytes())
    shutil.rmtree(folder / "step", ignore_errors=True)
    print(json.dumps({"parameters": sum(tensor.numel() for tensor in weights.values())}))
