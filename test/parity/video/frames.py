"""Pictures of real videos as PyAV decodes them, averaged to 8 x 8 cells of RGB.

    python test/parity/video/frames.py ../shared/data/real > test/parity/video/frames.json

Frames are taken where they differ clearly from both neighbours, so that a frame too early or late is noticed.
Made with PyAV 18.1.0 (libavcodec 62.28.102), which counts frames by decoding from the start.
"""

import json
import sys

import av
import numpy as np

VIDEOS = [
    ("gr1_pick_place", "observation.images.ego_view", 3),
    ("unitree_g1_inspire", "observation.images.cam_high", 59),
    ("dobot_cr5", "observation.images.top", 72),
]


def cells(picture):
    height, width, _ = picture.shape
    return picture.reshape(8, height // 8, 8, width // 8, 3).mean(axis=(1, 3))


def main(root):
    found = []
    for dataset, camera, episode in VIDEOS:
        path = f"{root}/{dataset}/videos/chunk-000/{camera}/episode_{episode:06d}.mp4"
        with av.open(path) as video:
            pictures = np.stack([cells(frame.to_ndarray(format="rgb24")) for frame in video.decode(video=0)])
        steps = np.abs(np.diff(pictures, axis=0)).max(axis=(1, 2, 3))
        nearest = np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))
        thirds = np.array_split(np.arange(len(pictures)), 6)
        frames = sorted({int(part[nearest[part].argmax()]) for part in thirds})
        found.append(
            {
                "dataset": dataset,
                "camera": camera,
                "episode": episode,
                "length": len(pictures),
                "frames": [
                    {"frame": frame, "cells": np.round(pictures[frame], 2).ravel().tolist()} for frame in frames
                ],
            }
        )
    print(json.dumps({"pyav": av.__version__, "videos": found}))


main(sys.argv[1])
