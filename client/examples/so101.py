"""An SO-101 steered by `armature serve`: LeRobot keeps the motors and cameras, openpi-client asks for actions.

    pip install "lerobot[feetech]" && pip install --no-deps openpi-client && pip install msgpack websockets
    python so101.py --robot-port /dev/ttyACM0 --camera front=0 --task "put the cube into the box"

The server has to act for a robot whose entries are named as LeRobot names them in its datasets (`shoulder_pan.pos`, …), with
cameras under the names given here; it says so itself, and what is missing is an error before the arm moves.
`--robot MODULE:FUNCTION` takes any other robot of LeRobot's: a function without arguments that makes one.
"""

import argparse
import importlib
import time

import numpy as np
from openpi_client.websocket_client_policy import WebsocketClientPolicy


def so101(port, cameras):
    from lerobot.cameras.opencv import OpenCVCameraConfig
    from lerobot.robots.so_follower import SO101Follower, SO101FollowerConfig

    configs = {name: OpenCVCameraConfig(index_or_path=int(at), fps=30, width=640, height=480) for name, at in cameras}
    return SO101Follower(SO101FollowerConfig(port=port, cameras=configs))


def other(name):
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)()


def question(seen, metadata, task, begins):
    """What LeRobot observed, as the server wants it: the state in the server's order, pictures as bytes [h w 3]."""
    state = np.array([seen[name] for name in metadata["state_names"]], np.float32)
    pictures = {key: np.asarray(seen[key.split("/")[-1]], np.uint8) for key in metadata["picture_keys"]}
    return {metadata["state_keys"][0]: state, **pictures, "prompt": task, "reset": begins, "time": time.time()}


def missing(robot, metadata):
    known = {*robot.observation_features, *robot.action_features}
    wanted = [*metadata["state_names"], *metadata["action_names"], *(key.split("/")[-1] for key in metadata["picture_keys"])]
    return [name for name in wanted if name not in known]


def main():
    parser = argparse.ArgumentParser(description="An SO-101 steered by `armature serve`.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--robot-port", default="/dev/ttyACM0")
    parser.add_argument("--camera", action="append", default=[], help="NAME=INDEX, for each camera")
    parser.add_argument("--robot", help="MODULE:FUNCTION that makes another robot of LeRobot's")
    parser.add_argument("--task", help="needed unless the policy was trained on one task alone")
    parser.add_argument("--execute", type=int, default=8, help="steps of each chunk that are carried out")
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()

    policy = WebsocketClientPolicy(host=options.host, port=options.port)
    metadata = policy.get_server_metadata()
    robot = other(options.robot) if options.robot else so101(options.robot_port, [c.split("=") for c in options.camera])
    lacking = missing(robot, metadata)
    if lacking:
        raise SystemExit(f"robot: expected {', '.join(lacking)}, as the policy was trained with; got {', '.join(robot.observation_features)}")

    task = options.task or metadata["prompt"]
    if task is None:
        raise SystemExit("--task: expected the instruction, got none")

    robot.connect()
    try:
        for step in range(options.steps):
            due = time.perf_counter() + 1 / metadata["steps_per_second"]
            at = step % options.execute
            if at == 0:
                chunk = policy.infer(question(robot.get_observation(), metadata, task, step == 0))["actions"]
            robot.send_action(dict(zip(metadata["action_names"], map(float, chunk[at]))))
            time.sleep(max(0, due - time.perf_counter()))
    finally:
        robot.disconnect()


if __name__ == "__main__":
    main()
