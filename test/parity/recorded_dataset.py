"""Records simulated episodes and holds LeRobot's own dataset class against our reader: rows, tasks, frames.

    python test/parity/recorded_dataset.py --version v3.0     with lerobot 0.4 or newer
    python test/parity/recorded_dataset.py --version v2.1     with lerobot 0.3.3, the last that reads v2.1

Rows have to be equal, tasks too. Of our pictures two frames to either side the one of the same frame has to be the nearest to
LeRobot's, and within 3 of 255 on average: readers spread the halved colour planes over the pixels in other ways. Exit status 1
where anything differs. Nothing is fetched: the hub is off, and everything lies in a temporary folder.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="recorded-dataset-"))
os.environ |= {"HF_HOME": str(SCRATCH / "cache"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}

import lerobot  # noqa: E402
import numpy as np  # noqa: E402
from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ROUNDING = 3


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--version", choices=["v3.0", "v2.1"], default="v3.0")
    asked.add_argument("--robots", nargs="+", default=["reacher", "arm"])
    asked.add_argument("--codec", choices=["h264", "av1"], default="h264")
    asked.add_argument("--episodes", type=int, default=4)
    asked.add_argument("--backend", default="pyav", help="LeRobot's video backend: pyav, torchcodec")
    given = asked.parse_args()
    print(f"lerobot {lerobot.__version__}, {given.version}, {given.codec}, {given.backend}")
    return max(compare(robot, given) for robot in given.robots)


def compare(robot: str, given: argparse.Namespace) -> int:
    root = SCRATCH / robot
    record = [str(ROOT / "armature"), "record", "--robot", robot, "--episodes", str(given.episodes), "--out", str(root)]
    run([*record, "--version", given.version, "--codec", given.codec, "--json"])
    ours = [json.loads(line) for line in run(["node", "test/parity/recorded-dataset.ts", str(root)]).splitlines()]
    theirs = LeRobotDataset(repo_id=f"armature/{robot}", root=root, video_backend=given.backend)
    problems = []
    if len(theirs) != len(ours):
        problems.append(f"{len(theirs)} frames, ours {len(ours)}")
    furthest = 0.0
    for at, row in enumerate(ours):
        item = theirs[at]
        where = f"episode {row['episode']} frame {row['frame']}"
        if (int(item["episode_index"]), int(item["frame_index"])) != (row["episode"], row["frame"]):
            problems.append(f"{where}: stands at another place")
        if int(item["index"]) != at or item["task"] != row["task"]:
            problems.append(f"{where}: index {int(item['index'])}, task {item['task']!r}")
        for key, values in row["rows"].items():
            if not np.array_equal(item[key].numpy().reshape(-1), np.array(values, np.float32)):
                problems.append(f"{where}: {key} is {item[key].tolist()}, ours {values}")
        for key, pixels in row["pictures"].items():
            shown = np.rint(item[key].numpy().transpose(1, 2, 0) * 255).astype(int)
            apart = distance(shown, pixels)
            furthest = max(furthest, apart)
            beside = [ours[near] for near in range(max(at - 2, 0), min(at + 3, len(ours))) if near != at]
            nearer = [other["frame"] for other in beside if distance(shown, other["pictures"][key]) < apart]
            if apart > ROUNDING or nearer:
                problems.append(f"{where}: {key} differs by {apart:.1f} of 255; nearer frames: {nearer}")
    problems += statistics_problems(theirs, ours)
    print(f"{robot}: {len(ours)} frames, {len(problems)} differences, pictures within {furthest:.1f} of 255")
    for problem in problems[:10]:
        print(f"  {problem}")
    return 1 if problems else 0


def distance(shown: np.ndarray, pixels: str) -> float:
    """Mean difference of a picture from one of ours."""
    own = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(shown.shape).astype(int)
    return float(np.abs(shown - own).mean())


def statistics_problems(theirs: LeRobotDataset, ours: list[dict]) -> list[str]:
    """Our statistics, as LeRobot took them in, against NumPy's of the same rows."""
    problems = []
    for key in ours[0]["rows"]:
        rows = np.array([row["rows"][key] for row in ours])
        expected = {"min": rows.min(0), "max": rows.max(0), "mean": rows.mean(0), "std": rows.std(0)}
        stated = theirs.meta.stats[key]
        if "q01" in stated:
            expected |= {f"q{share:02d}": np.quantile(rows, share / 100, axis=0) for share in (1, 10, 50, 90, 99)}
        for kind, values in expected.items():
            if not np.allclose(stated[kind], values, rtol=1e-5, atol=1e-6):
                problems.append(f"{key} {kind} is {stated[kind]}, NumPy has {values}")
    return problems


def run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
