"""LeRobot's own dataset class and a PyTorch DataLoader on the samples of a list, to be timed beside our loader.

    python bench/lerobot_loader.py --root DATASET --samples SAMPLES.json --workers 2            samples per second, a JSON line per pass
    python bench/lerobot_loader.py --root DATASET --samples SAMPLES.json --share                where one sample's time goes
    python bench/lerobot_loader.py --root DATASET --samples SAMPLES.json --dump FOLDER          the pixels themselves
    … --pair                                                                                    one pass for each line "go" on standard input

SAMPLES.json is a list of [episode, frame]. A sample is one frame of each camera, letterboxed to 96 x 96 (bilinear, centred,
black), the state, and a window of 16 actions. Nothing is fetched: the hub is off, and caches go to a temporary folder.

Format v3.0 is read by LeRobot 0.6 (0.6.1 was measured). Its frames leave the decoder as bytes, as its own training asks for
(`return_uint8`), and are resized as bytes, which is faster than as floats; `--floats` resizes floats, as 0.3 has to.

Format v2.1 is read by LeRobot 0.3 (0.3.3). Two things stand between it and these datasets, and neither costs it time in a pass:
- with `episodes=[29, 59]` it looks up the episode number in a table that has one row per *picked* episode; the table is widened.
- it takes the video frame nearest to the row's timestamp. In `dobot_cr5` timestamps are jittered: the default tolerance of 1e-4 s
  refuses them, and one that lets them pass (0.2) takes another frame than the row's for 825 of 933 rows and stops beyond the
  video's end. `--timestamps frame-index` (the default) gives it a temporary copy whose timestamps are frame / fps;
  `--timestamps recorded --tolerance SECONDS` shows the above. (`lerobot_v3.py` has them even already.)
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="lerobot-loader-"))
os.environ |= {"HF_HOME": str(SCRATCH / "cache"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402

SIDE, HORIZON = 96, 16


class PickedEpisodes(LeRobotDataset):
    """LeRobotDataset that says where a frame of a picked episode is."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        if not hasattr(self, "episode_data_index"):
            picked = [(number, self.meta.episodes[number]) for number in self.episodes]
            lengths = [episode["dataset_to_index"] - episode["dataset_from_index"] for _, episode in picked]
            starts = np.cumsum([0, *lengths]).tolist()
            self.first_row = {number: start for (number, _), start in zip(picked, starts)}
            return
        self.first_row = dict(zip(self.episodes, self.episode_data_index["from"].tolist(), strict=True))
        widened = torch.tensor(self.episodes)
        for border, rows in self.episode_data_index.items():
            by_number = torch.full((int(widened.max()) + 1,), -1)
            by_number[widened] = rows
            self.episode_data_index[border] = by_number

    def index_of(self, episode: int, frame: int) -> int:
        return self.first_row[episode] + frame


def letterbox(image: torch.Tensor) -> torch.Tensor:
    """[c h w], bytes or in [0, 1] → [c 96 96], the whole picture in the middle of black."""
    height, width = image.shape[-2:]
    ratio = max(width / SIDE, height / SIDE)
    rows, columns = int(height / ratio), int(width / ratio)
    small = F.interpolate(image[None], size=(rows, columns), mode="bilinear", align_corners=False)[0]
    top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
    return F.pad(small, (left, SIDE - columns - left, top, SIDE - rows - top))


def with_even_timestamps(root: Path) -> Path:
    """A temporary copy whose timestamps are frame_index / fps; metadata and videos are links."""
    copy = SCRATCH / root.name
    copy.mkdir()
    (copy / "meta").symlink_to(root / "meta")
    (copy / "videos").symlink_to(root / "videos")
    fps = json.loads((root / "meta/info.json").read_text())["fps"]
    for file in (root / "data").rglob("*.parquet"):
        table = pq.read_table(file)
        even = pa.array((table["frame_index"].to_numpy() / fps).astype(np.float32))
        place = copy / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.set_column(table.schema.get_field_index("timestamp"), "timestamp", even), place)
    return copy


def dataset_of(options: argparse.Namespace, samples: list[tuple[int, int]], transform) -> PickedEpisodes:
    root = options.root.resolve()
    facts = json.loads((root / "meta/info.json").read_text())
    fps, is_v3 = facts["fps"], facts["codebase_version"].startswith("v3")
    return PickedEpisodes(
        f"local/{root.name}",
        root=with_even_timestamps(root) if options.timestamps == "frame-index" and not is_v3 else root,
        episodes=sorted({episode for episode, _ in samples}),
        delta_timestamps={"action": [step / fps for step in range(HORIZON)]},
        image_transforms=transform,
        tolerance_s=options.tolerance,
        video_backend=options.backend,
        **({"return_uint8": not options.floats} if is_v3 else {}),
    )


def say(**facts) -> None:
    print(json.dumps(facts), flush=True)


def measure(options: argparse.Namespace, samples: list[tuple[int, int]]) -> None:
    """Passes over the list, in its order; the first is a warm-up that also starts the workers."""
    dataset = dataset_of(options, samples, letterbox)
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_size=options.batch,
        sampler=[dataset.index_of(*sample) for sample in samples],
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
    )

    def one_pass() -> float:
        start = time.perf_counter()
        seen = sum(len(batch["action"]) for batch in loader)
        if seen != len(samples):
            sys.exit(f"lerobot_loader: expected {len(samples)} samples, got {seen}")
        return time.perf_counter() - start

    def report() -> None:
        seconds = one_pass()
        say(dataset=options.root.name, backend=options.backend, workers=options.workers, samples=len(samples),
            seconds=seconds, samplesPerSecond=len(samples) / seconds)  # fmt: skip

    one_pass()
    if not options.pair:
        for _ in range(options.repetitions):
            report()
        return
    say(ready=True, dataset=options.root.name, backend=options.backend)
    for line in sys.stdin:
        if line.strip() != "go":
            sys.exit(f'lerobot_loader: expected "go", got "{line.strip()}"')
        report()


def share(options: argparse.Namespace, samples: list[tuple[int, int]]) -> None:
    """Milliseconds per sample of decoding, resizing, table rows, and collating, in this process; torch on one thread, PyAV as it likes."""
    torch.set_num_threads(1)
    spent = {"decode": 0.0, "resize": 0.0}

    def timed(part: str, function):
        def wrapped(*arguments):
            start = time.perf_counter()
            result = function(*arguments)
            spent[part] += time.perf_counter() - start
            return result

        return wrapped

    dataset = dataset_of(options, samples, timed("resize", letterbox))
    reader = getattr(dataset, "reader", dataset)
    reader._query_videos = timed("decode", reader._query_videos)
    indices = [dataset.index_of(*sample) for sample in samples]
    for index in indices[: options.batch]:
        dataset[index]
    spent |= dict.fromkeys(spent, 0.0)
    start = time.perf_counter()
    items = [dataset[index] for index in indices]
    made = time.perf_counter()
    for at in range(0, len(items), options.batch):
        torch.utils.data.default_collate(items[at : at + options.batch])
    spent["collate"] = time.perf_counter() - made
    spent["table"] = made - start - spent["decode"] - spent["resize"]
    whole = sum(spent.values())
    say(dataset=options.root.name, backend=options.backend, samples=len(samples),
        msPerSample={part: seconds * 1000 / len(samples) for part, seconds in spent.items()},
        decodeShare=spent["decode"] / whole)  # fmt: skip


def dump(options: argparse.Namespace, samples: list[tuple[int, int]]) -> None:
    """Writes EPISODE-FRAME.CAMERA.rgb (uint8, rows of r g b) as decoded and EPISODE-FRAME.CAMERA.96.rgb letterboxed."""
    dataset = dataset_of(options, samples, None)
    options.dump.mkdir(parents=True, exist_ok=True)
    for episode, frame in samples:
        item = dataset[dataset.index_of(episode, frame)]
        for camera in dataset.meta.camera_keys:
            name = f"{episode}-{frame}.{camera}"
            for image, file in ((item[camera], f"{name}.rgb"), (letterbox(item[camera]), f"{name}.{SIDE}.rgb")):
                cells = image if image.dtype == torch.uint8 else (image * 255).round().clamp(0, 255).to(torch.uint8)
                pixels = cells.permute(1, 2, 0).contiguous()
                (options.dump / file).write_bytes(pixels.numpy().tobytes())
                say(episode=episode, frame=frame, camera=camera, file=file, height=pixels.shape[0], width=pixels.shape[1],
                    state=item["observation.state"].tolist(), action=item["action"][0].tolist())  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2, help="0 loads in this process")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--backend", choices=("torchcodec", "pyav"), default="torchcodec")
    parser.add_argument("--timestamps", choices=("frame-index", "recorded"), default="frame-index")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="seconds; LeRobot's own default")
    parser.add_argument("--floats", action="store_true", help="v3.0: resize floats instead of bytes")
    parser.add_argument("--pair", action="store_true")
    parser.add_argument("--share", action="store_true")
    parser.add_argument("--dump", type=Path)
    options = parser.parse_args()
    samples = [(episode, frame) for episode, frame in json.loads(options.samples.read_text())]
    try:
        if options.dump:
            dump(options, samples)
        elif options.share:
            share(options, samples)
        else:
            measure(options, samples)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
