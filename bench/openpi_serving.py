"""What openpi's client waits for besides the policy: Armature's server and openpi's own in turns, for `armature bench serve`.

    PYTHONPATH=openpi/src python bench/openpi_serving.py --port 8000 --questions 100 --side 224

needs `openpi-client` and a clone of openpi (of which only `openpi.serving` is imported). For each line on standard input it asks one
server, and prints `{"ms": […]}`: the round trip of each question less the `policy_timing` of its answer. First Armature's, then openpi's around a
policy that answers at once, then openpi's around one that multiplies matrices for as long as Armature's policy took: caches are cold after
that, and the client has slept, whoever serves.
"""

import argparse
import json
import multiprocessing
import sys
import time

import numpy as np
from openpi.serving.websocket_policy_server import WebsocketPolicyServer
from openpi_client.base_policy import BasePolicy
from openpi_client.websocket_client_policy import WebsocketClientPolicy


class Multiplying(BasePolicy):
    """Multiplies matrices for so many seconds, then answers with how long it took, as openpi's policies do."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.matrix = np.ones((512, 512), np.float32)

    def infer(self, obs):
        begun = time.perf_counter()
        while time.perf_counter() - begun < self.seconds.value:
            self.matrix @ self.matrix
        took = time.perf_counter() - begun
        return {"actions": np.zeros((16, 7), np.float32), "policy_timing": {"infer_ms": 1000 * took}}


def serve(port, seconds):
    WebsocketPolicyServer(Multiplying(seconds), "127.0.0.1", port).serve_forever()


def ask(server, question, count):
    """Round trips without the policy, and the policy's own times, in milliseconds."""
    others, policies = [], []
    for _ in range(count):
        begun = time.perf_counter()
        answer = server.infer(question)
        policies.append(answer["policy_timing"]["infer_ms"])
        others.append(1000 * (time.perf_counter() - begun) - policies[-1])
    return others, policies


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--questions", type=int, required=True)
    parser.add_argument("--side", type=int, required=True)
    options = parser.parse_args()

    seconds = multiprocessing.Value("d", 0.0)
    multiprocessing.Process(target=serve, args=(options.port + 1, seconds), daemon=True).start()
    time.sleep(3)
    armature, openpi = [WebsocketClientPolicy(host="127.0.0.1", port=port) for port in (options.port, options.port + 1)]
    metadata = armature.get_server_metadata()
    picture = (np.arange(3 * options.side**2) * 31 % 256).astype(np.uint8).reshape(options.side, options.side, 3)
    question = {key: np.zeros(len(metadata["state_names"]), np.float32) for key in metadata["state_keys"]}
    question |= {key: picture for key in metadata["picture_keys"]}
    question["prompt"] = metadata["prompt"]
    took = []
    for turn, _ in enumerate(sys.stdin):
        server = armature if turn % 3 == 0 else openpi
        seconds.value = float(np.median(took)) / 1000 if turn % 3 == 2 else 0.0
        others, policies = ask(server, question, options.questions)
        took = policies if server is armature else took
        print(json.dumps({"ms": others}), flush=True)


if __name__ == "__main__":
    main()
