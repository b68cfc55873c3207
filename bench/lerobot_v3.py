"""A dataset of format v2.1 in format v3.0, several episodes per film, by LeRobot's own converter.

    python bench/lerobot_v3.py --root DATASET --out FOLDER        writes FOLDER/NAME of DATASET's name; DATASET is not written to

Episodes whose films are here are numbered anew from 0, since the converter counts files; timestamps become frame / fps, by which
LeRobot looks frames up (see `lerobot_loader.py`). The films' streams are copied, not encoded again: the converter puts as many in
one file as fit 200 MB, so all of a small dataset.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="lerobot-v3-"))
os.environ |= {"HF_HOME": str(SCRATCH / "cache"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from lerobot.scripts.convert_dataset_v21_to_v30 import convert_dataset  # noqa: E402


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def write_lines(file: Path, rows: list[dict]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def with_column(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def renumber(root: Path, copy: Path) -> int:
    """The episodes of `root` that have all their films, as a v2.1 dataset of their own; the number of them."""
    info = json.loads((root / "meta/info.json").read_text())
    if info["codebase_version"] != "v2.1":
        sys.exit(f"lerobot_v3: expected {root} in format v2.1, got {info['codebase_version']}")
    cameras = [key for key, feature in info["features"].items() if feature["dtype"] == "video"]

    def film(camera: str, episode: int) -> Path:
        chunk = episode // info["chunks_size"]
        return Path(info["video_path"].format(episode_chunk=chunk, video_key=camera, episode_index=episode))

    rows = lines(root / "meta/episodes.jsonl")
    here = [row for row in rows if all((root / film(camera, row["episode_index"])).exists() for camera in cameras)]
    statistics = {row["episode_index"]: row for row in lines(root / "meta/episodes_stats.jsonl")}
    (copy / "meta").mkdir(parents=True)
    frames = 0
    for at, row in enumerate(here):
        number = row["episode_index"]
        place = info["data_path"].format(episode_chunk=number // info["chunks_size"], episode_index=number)
        table = pq.read_table(root / place).replace_schema_metadata(None)
        count = len(table)
        table = with_column(table, "episode_index", np.full(count, at, np.int64))
        table = with_column(table, "index", np.arange(frames, frames + count, dtype=np.int64))
        table = with_column(table, "timestamp", (np.arange(count) / info["fps"]).astype(np.float32))
        frames += count
        new = copy / info["data_path"].format(episode_chunk=0, episode_index=at)
        new.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, new)
        for camera in cameras:
            link = copy / film(camera, at)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((root / film(camera, number)).resolve())
    write_lines(copy / "meta/episodes.jsonl", [row | {"episode_index": at} for at, row in enumerate(here)])
    write_lines(
        copy / "meta/episodes_stats.jsonl",
        [statistics[row["episode_index"]] | {"episode_index": at} for at, row in enumerate(here)],
    )
    shutil.copy(root / "meta/tasks.jsonl", copy / "meta/tasks.jsonl")
    info |= {"total_episodes": len(here), "total_frames": frames, "total_videos": len(here) * len(cameras),
             "total_chunks": 1, "splits": {"train": f"0:{len(here)}"}}  # fmt: skip
    (copy / "meta/info.json").write_text(json.dumps(info))
    return len(here)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    root = options.root.resolve()
    made = options.out.resolve() / root.name
    if made.exists():
        sys.exit(f"lerobot_v3: expected no {made}, got one; name another --out")
    try:
        copy = SCRATCH / root.name
        episodes = renumber(root, copy)
        convert_dataset(f"local/{root.name}", root=copy, push_to_hub=False)
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(copy, made)
        films = sorted(str(file.relative_to(made)) for file in made.rglob("*.mp4"))
        print(json.dumps({"dataset": str(made), "episodes": episodes, "films": films}))
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
