"""What `armature serve --record` wrote, read with LeRobot's own class and compared with what a client asked and was answered.

    python -m venv client-venv && client-venv/bin/pip install openpi-client typing_extensions
    ./armature serve RUN --port 8123 --record RECORDINGS &
    client-venv/bin/python test/parity/served_recording.py ask 8123 ASKED.npz
    kill %1; wait
    lerobot-venv/bin/python test/parity/served_recording.py read RECORDINGS/NAME ASKED.npz

RUN is of a simulated robot with pictures, RECORDINGS/NAME the one dataset that the server made. lerobot 0.6.1 with torch 2.11.0. Prints one line for
each thing that held and exits with 1 at the first that does not.
"""

import sys

import numpy as np

frames = 12


def held(name, condition):
    print(f"{'held' if condition else 'DOES NOT HOLD'}: {name}", flush=True)
    if not condition:
        sys.exit(1)


def ask(port: int, path: str) -> None:
    from openpi_client.websocket_client_policy import WebsocketClientPolicy

    policy = WebsocketClientPolicy(host="127.0.0.1", port=port)
    metadata = policy.get_server_metadata()
    random = np.random.default_rng(1)
    state_key = metadata["state_keys"][0]
    asked = {"state": [], "actions": [], "picture_keys": metadata["picture_keys"]}
    pictures = {key: [] for key in metadata["picture_keys"]}
    for frame in range(frames):
        observation = {state_key: random.normal(size=len(metadata["state_names"])) / 10, "prompt": "reach the target"}
        for key in pictures:
            observation[key] = random.integers(0, 256, (48, 64, 3), np.uint8)
            pictures[key].append(observation[key])
        if frame == frames // 2:
            observation["reset"] = True
        asked["state"].append(observation[state_key])
        asked["actions"].append(policy.infer(observation)["actions"])
    np.savez(path, **asked, **{f"pictures/{key}": value for key, value in pictures.items()})


def read(folder: str, path: str) -> None:
    import torch
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("recorded/by-armature", root=folder, video_backend="pyav")
    asked = np.load(path)
    held(f"{dataset.num_frames} frames in {dataset.num_episodes} episodes", (dataset.num_frames, dataset.num_episodes) == (frames, 2))
    held("its statistics are of state, action and pictures", set(dataset.meta.stats) >= {"observation.state", "action", *dataset.meta.camera_keys})
    cameras = dict(zip([str(key) for key in asked["picture_keys"]], dataset.meta.camera_keys, strict=True))
    # LeRobot's own transform makes float32 of whatever a column holds.
    exact = dataset.hf_dataset.with_format("arrow")
    for frame in range(frames):
        item = dataset[frame]
        held_quietly("state is float32 of what was sent", torch.equal(item["observation.state"], torch.tensor(asked["state"][frame], dtype=torch.float32)))
        held_quietly("every bit of the state is kept as well", np.array_equal(exact[frame]["served.state"][0].as_py(), asked["state"][frame]))
        held_quietly("action is the first of the answer", torch.equal(item["action"], torch.tensor(asked["actions"][frame][0])))
        held_quietly("the task is the prompt", item["task"] == "reach the target")
        for key, column in cameras.items():
            shown = (item[column] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
            held_quietly(f"{column} shows every bit of the picture", bool((shown == asked[f"pictures/{key}"][frame]).all()))
    print("held: states, actions, tasks and pictures of every frame, to the bit")


def held_quietly(name, condition):
    if not condition:
        held(name, condition)


if sys.argv[1] == "ask":
    ask(int(sys.argv[2]), sys.argv[3])
else:
    read(sys.argv[2], sys.argv[3])
