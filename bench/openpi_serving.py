"""What openpi's client waits for besides the policy: Armature's server and openpi's own in turns, for `armature bench serve`.

    PYTHONPATH=openpi/src python bench/openpi_serving.py --port 8000 --questions 100 --side 224

needs `openpi-client` and a clone of openpi (of which only `openpi.serving` is imported). For each line on standard input it asks one
server, Armature's first, and prints `{"ms": […]}`: the round trip of each question less the `policy_timing` of its answer.
"""

import argparse
import json
import sys
import threading
import time

import numpy as np
from openpi.serving.websocket_policy_server import WebsocketPolicyServer
from openpi_client.base_policy import BasePolicy
from openpi_client.websocket_client_policy import WebsocketClientPolicy

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--questions", type=int, required=True)
parser.add_argument("--side", type=int, required=True)
options = parser.parse_args()


class AtOnce(BasePolicy):
    """Answers at once, as openpi's policies do."""

    def infer(self, obs):
        return {"actions": np.zeros((16, 7), np.float32), "policy_timing": {"infer_ms": 0.0}}


own_port = options.port + 1
threading.Thread(target=WebsocketPolicyServer(AtOnce(), "127.0.0.1", own_port).serve_forever, daemon=True).start()
time.sleep(1)
servers = [WebsocketClientPolicy(host="127.0.0.1", port=options.port), WebsocketClientPolicy(host="127.0.0.1", port=own_port)]
metadata = servers[0].get_server_metadata()
picture = (np.arange(3 * options.side**2) * 31 % 256).astype(np.uint8).reshape(options.side, options.side, 3)
question = {key: np.zeros(len(metadata["state_names"]), np.float32) for key in metadata["state_keys"]}
question |= {key: picture for key in metadata["picture_keys"]}
question["prompt"] = metadata["prompt"]

for turn, _ in enumerate(sys.stdin):
    server, times = servers[turn % 2], []
    for _ in range(options.questions):
        begun = time.perf_counter()
        answer = server.infer(question)
        times.append(1000 * (time.perf_counter() - begun) - answer["policy_timing"]["infer_ms"])
    print(json.dumps({"ms": times}), flush=True)
