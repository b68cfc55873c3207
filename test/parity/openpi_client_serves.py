"""openpi's own client against `armature serve`: what it is told, what it gets, and how it hears of mistakes.

    python -m venv client-venv && client-venv/bin/pip install openpi-client typing_extensions
    ./armature serve RUN --port 8123 &
    client-venv/bin/python test/parity/openpi_client_serves.py 8123

RUN is of one simulated robot with pictures, as `armature record` records it. Prints one line for each thing that held and
exits with 1 at the first that does not.
"""

import sys

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.websocket_client_policy import WebsocketClientPolicy

port = int(sys.argv[1])


def held(name, condition):
    print(f"{'held' if condition else 'DOES NOT HOLD'}: {name}", flush=True)
    if not condition:
        sys.exit(1)


policy = WebsocketClientPolicy(host="127.0.0.1", port=port)
metadata = policy.get_server_metadata()
held(f"metadata comes first: {metadata['policy']} for {metadata['robot']}", "action_names" in metadata)
width, states = len(metadata["action_names"]), len(metadata["state_names"])
observation = {key: np.zeros(states, np.float32) for key in metadata["state_keys"]}
for key in metadata["picture_keys"]:
    observation[key] = np.full((48, 64, 3), 127, np.uint8)
observation["prompt"] = "reach the target"

reply = policy.infer(observation)
actions = reply["actions"]
held(f"actions {actions.shape} {actions.dtype}", actions.shape == (metadata["action_steps"], width) and actions.dtype == np.float32)
held("actions are finite", bool(np.isfinite(actions).all()))
held("policy_timing and server_timing are numbers", all(isinstance(v, float) for v in (reply["policy_timing"]["infer_ms"], reply["server_timing"]["infer_ms"])))
held("the first reply has no prev_total_ms, the second has", "prev_total_ms" not in reply["server_timing"] and "prev_total_ms" in policy.infer(observation)["server_timing"])

broker = ActionChunkBroker(WebsocketClientPolicy(host="127.0.0.1", port=port), action_horizon=2)
steps = [broker.infer(observation)["actions"] for _ in range(4)]
held("openpi's chunk broker takes the chunks apart", all(step.shape == (width,) for step in steps))

bad = dict(observation)
bad[metadata["state_keys"][0]] = np.zeros(states + 1, np.float32)
try:
    WebsocketClientPolicy(host="127.0.0.1", port=port).infer(bad)
    held("a state of another width is an error", False)
except RuntimeError as error:
    held(f"a state of another width is an error: {str(error).splitlines()[-1]}", "expected a state of" in str(error))
try:
    WebsocketClientPolicy(host=f"ws://127.0.0.1:{port}/?dataset=none", port=None)
    held("a robot that the policy does not know is an error", False)
except Exception as error:
    held(f"a robot that the policy does not know is an error: {error}", "expected one robot" in str(error))
held("another client goes on", policy.infer(observation)["actions"].shape == actions.shape)
