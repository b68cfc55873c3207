"""Reads with TensorBoard's own reader what `armature export RUN --tensorboard` writes, and holds every number against events.jsonl.

    python test/parity/tensorboard_reads.py RUN...     event files of these runs, in a temporary folder
    python test/parity/tensorboard_reads.py RUN/tensorboard     those that `armature train --log tensorboard` wrote
    python test/parity/tensorboard_reads.py --record   the two runs of the dashboard's tests; stores the digest of one in tensorboard.json

Each file is read whole; cut off inside its last record, which loses that record and nothing else; and behind an earlier file of the same
run, as when a process dies between writing the new file and emptying the old, where no step may be there twice. Exit status 1 where
anything differs.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

ROOT = Path(__file__).resolve().parents[2]
LOGGED = ROOT / "src/dashboard/testing/logged"
SCRATCH = Path(tempfile.mkdtemp(prefix="tensorboard-reads-"))
TERMS = ("loss", "velocity", "tokens", "response")


def main() -> int:
    is_recorded = sys.argv[1:] == ["--record"]
    names = [LOGGED / "wide", LOGGED / "slow"] if is_recorded else [Path(name) for name in sys.argv[1:]]
    print(f"tensorboard {tensorboard.__version__}")
    found = [examine(path) for path in names]
    if is_recorded:
        record(found[0])
    return 0 if all(one["is_right"] for one in found) else 1


def examine(path: Path) -> dict:
    is_live = path.name == "tensorboard"
    run = path.parent if is_live else path
    folder = path if is_live else exported(run)
    (file,) = [one for one in folder.glob("*.tfevents.*") if one.stat().st_size > 0]
    expected = numbers_of(run)
    read = scalars(folder)
    differences = compare(expected, read)
    last = max(len(values) for values in read.values())
    cut = differences_of_cut(file, read)
    twice = differences_of_two(file, read)
    points = sum(len(values) for values in read.values())
    print(f"{run.name}: {len(read)} names, {points} numbers, at most {last} of a name; {len(differences)} differ", end="")
    print(f"; cut inside its last record {cut} more than that record; behind an earlier file {twice}")
    for difference in differences[:10]:
        print("  ", difference)
    return {"is_right": not differences and cut == 0 and twice == 0, "file": file, "read": read}


def exported(run: Path) -> Path:
    folder = SCRATCH / run.name
    command = [str(ROOT / "armature"), "export", str(run), "--tensorboard", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def numbers_of(run: Path) -> dict[str, list[tuple[int, float]]]:
    """What events.jsonl says, and how often times.jsonl says how fast it was."""
    found: dict[str, list[tuple[int, float]]] = {}

    def add(tag: str, step: int, value: float | None) -> None:
        if value is not None:
            found.setdefault(tag, []).append((step, value))

    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        step = event["step"]
        match event["kind"]:
            case "step":
                for key in ("loss", "gradientNorm", "learningRate"):
                    add(f"train/{key}", step, event[key])
            case "validation":
                named = [("mixture", event["aggregate"])]
                named += [(f"{one['dataset']}/{one['controlMode']}", one) for one in event["groups"]]
                for name, losses in named:
                    for term in TERMS:
                        add(f"validation/{name}/{term}", step, losses.get(term))
            case "audit":
                add("audit/clean", step, float(event["clean"]))
            case "rollout":
                for key in ("successRate", "meanSteps"):
                    add(f"rollout/{event['robot']}/{key}", step, event[key])
    return found


def compare(expected: dict, read: dict) -> list[str]:
    """Event files hold 32 bits."""
    of_clock = {"train/samplesPerSecond", "train/waitShare"}
    differences = [f"{tag} is missing" for tag in expected.keys() - read.keys()]
    differences += [f"{tag} is not of the log" for tag in read.keys() - expected.keys() - of_clock]
    for tag in expected.keys() & read.keys():
        wanted = [(step, float(np.float32(value))) for step, value in expected[tag]]
        if wanted != read[tag]:
            differences.append(f"{tag}: expected {wanted[:3]}…, got {read[tag][:3]}…")
    for tag in of_clock & read.keys():
        steps = [step for step, _ in read[tag]]
        if steps != sorted(set(steps)) or any(value < 0 for _, value in read[tag]):
            differences.append(f"{tag}: expected rising steps and no value below 0, got {read[tag][:3]}…")
    return differences


def differences_of_cut(file: Path, read: dict) -> int:
    """How many numbers beyond those of the last record are lost where the file ends inside it."""
    folder = SCRATCH / "cut" / file.parent.name
    folder.mkdir(parents=True)
    content = file.read_bytes()
    (folder / file.name).write_bytes(content[:-5])
    of_cut = scalars(folder)
    lost = sum(len(values) for values in read.values()) - sum(len(values) for values in of_cut.values())
    # The last record is of a step's three numbers, of the two of its pace, or of a validation.
    tags = [tag for tag in read if len(of_cut.get(tag, [])) < len(read[tag])]
    return lost - len(tags)


def differences_of_two(file: Path, read: dict) -> int:
    """How many names have other numbers where an earlier file of the run lies before this one."""
    folder = SCRATCH / "two" / file.parent.name
    folder.mkdir(parents=True)
    (folder / "events.out.tfevents.0000000000001.armature").write_bytes(file.read_bytes())
    shutil.copy(file, folder / file.name)
    of_two = scalars(folder)
    return sum(of_two.get(tag) != values for tag, values in read.items())


def record(found: dict) -> None:
    stored = {
        "reader": f"tensorboard {tensorboard.__version__}",
        "sha256": hashlib.sha256(found["file"].read_bytes()).hexdigest(),
        "framed": framed(b"armature").hex(),
        "names": {tag: {"numbers": len(values), "last": values[-1]} for tag, values in sorted(found["read"].items())},
    }
    (ROOT / "test/parity/tensorboard.json").write_text(json.dumps(stored, indent=2) + "\n")


def framed(content: bytes) -> bytes:
    length = len(content).to_bytes(8, "little")
    crc = [masked_crc32c(part).to_bytes(4, "little") for part in (length, content)]
    return length + crc[0] + content + crc[1]


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(SCRATCH)
