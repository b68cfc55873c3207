"""What LeRobot's own robot client sends and is sent, in bytes: `src/serving/lerobot/testing/exchange.json`.

    python3.12 -m venv lerobot-venv && lerobot-venv/bin/pip install "lerobot[async]==0.6.1"
    lerobot-venv/bin/python test/parity/lerobot_exchange.py > src/serving/lerobot/testing/exchange.json

A `RobotClient` with a simulated robot speaks to a server that keeps every message and replies with a chunk that LeRobot's own server has timed
and pickled. Observations are pickled anew under protocol 5, which Python 3.14 writes, and with numbers of numpy and tensors of torch.
"""

import base64
import io
import json
import pickle
import sys
from concurrent import futures
from types import SimpleNamespace

import grpc
import numpy as np
import torch
from lerobot.async_inference import robot_client
from lerobot.async_inference.configs import RobotClientConfig
from lerobot.async_inference.policy_server import PolicyServer
from lerobot.robots import RobotConfig
from lerobot.transport import services_pb2, services_pb2_grpc

# torch tells storages of a file apart by their address; one digit in its place makes the bytes the same each time.
class AnyText(type):
    def __instancecheck__(cls, value):
        return isinstance(value, str)


class OneDigit(str, metaclass=AnyText):
    def __new__(cls, value):
        return "0" if isinstance(value, int) else str(value)


torch.serialization.str = OneDigit

pixels = ((np.arange(16 * 16 * 3) * 7) % 256).astype(np.uint8).reshape(16, 16, 3)
chunk = torch.arange(12, dtype=torch.float32).reshape(6, 2) / 7 - 0.5
observation = {"shoulder": 0.25, "elbow": -0.5, "top": pixels, "task": "reach"}


class Simulated:
    observation_features = {"shoulder": float, "elbow": float, "top": (16, 16, 3)}
    action_features = {"shoulder": float, "elbow": float}

    def __init__(self, config):
        self.is_connected = True

    connect = disconnect = lambda self: None
    get_observation = lambda self: dict(observation)


class Recorder(services_pb2_grpc.AsyncInferenceServicer):
    def __init__(self):
        self.config, self.pieces = None, []

    def Ready(self, request, context):
        return services_pb2.Empty()

    def SendPolicyInstructions(self, request, context):
        self.config = request.SerializeToString()
        return services_pb2.Empty()

    def SendObservations(self, pieces, context):
        self.pieces = [piece.SerializeToString() for piece in pieces]
        return services_pb2.Empty()

    def GetActions(self, request, context):
        server = SimpleNamespace(config=SimpleNamespace(environment_dt=0.1))
        timed = PolicyServer._time_action_chunk(server, 100.5, [action.clone() for action in chunk], 3)
        return services_pb2.Actions(data=pickle.dumps(timed))


recorder = Recorder()
server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
services_pb2_grpc.add_AsyncInferenceServicer_to_server(recorder, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
robot_client.make_robot_from_config = Simulated
client = robot_client.RobotClient(
    RobotClientConfig(
        policy_type="smolvla",
        pretrained_name_or_path="?seed=41",
        robot=RobotConfig.__new__(RobotConfig),
        actions_per_chunk=50,
        server_address=f"127.0.0.1:{port}",
    )
)
assert client.start()
robot_client.time.time = lambda: 100.5
client.latest_action = 3
client.control_loop_observation("reach")
actions = client.stub.GetActions(services_pb2.Empty()).SerializeToString()
sent = pickle.loads(services_pb2.Observation.FromString(recorder.pieces[0]).data)


def pickled(values, protocol=4):
    sent.observation = dict(observation) | values
    return pickle.dumps(sent, protocol=protocol)


def stored(tensor):
    file = io.BytesIO()
    torch.save(tensor._typed_storage(), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


found = {
    "policySetup": recorder.config,
    "observationPieces": recorder.pieces,
    "actions": actions,
    "chunk": chunk.tolist(),
    "pickles": {
        "protocol 5": pickled({}, 5),
        "numbers of numpy": pickled({"shoulder": np.float32(0.25), "elbow": np.float64(-0.5)}),
        "an array without axes": pickled({"shoulder": np.array(0.25)}),
        "tensors of torch": pickled({"shoulder": torch.tensor(0.25), "elbow": torch.tensor(-0.5, dtype=torch.float64), "top": torch.from_numpy(pixels)}),
        "a tensor whose channels are first in memory": pickled({"top": torch.from_numpy(pixels.transpose(2, 0, 1).copy()).permute(1, 2, 0)}),
        "a part of a tensor": pickled({"top": torch.from_numpy(np.pad(pixels, ((2, 0), (1, 3), (0, 0))))[2:, 1:17]}),
        "Fortran's order": pickled({"top": np.asfortranarray(pixels)}),
        "Fortran's order under protocol 5": pickled({"top": np.asfortranarray(pixels)}, 5),
    },
    "storages": {str(dtype).removeprefix("torch."): stored(torch.tensor([1, 0, 3]).to(dtype)) for dtype in (torch.int8, torch.int16, torch.int32, torch.int64, torch.bool, torch.float16)},
}
json.dump(found, sys.stdout, indent=1, default=lambda value: base64.b64encode(value).decode())
print()
