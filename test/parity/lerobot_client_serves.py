"""LeRobot's own robot client against `armature serve --lerobot-port`, with a simulated robot: what it gets, and how it hears of mistakes.

    python3.12 -m venv lerobot-venv && lerobot-venv/bin/pip install "lerobot[async]==0.6.1"
    lerobot-venv/bin/pip install --no-deps openpi-client && lerobot-venv/bin/pip install msgpack websockets
    ./armature serve RUN --port 8123 --lerobot-port 8124 --limits off &
    lerobot-venv/bin/python test/parity/lerobot_client_serves.py 8124 8123 top

RUN is of one simulated robot, recorded with the cameras that are named last, in the order of the policy's views. Of a RUN that was trained with
policy.maxDelay of 2 or more also `serve … --chunking frozen --delay 2 --record RECORDINGS`, and afterwards `./armature replay RECORDINGS`.
Prints one line for each thing that held and exits with 1 at the first that does not.
"""

import os
import pickle
import sys
import threading
import time
from dataclasses import dataclass, field

import grpc
import numpy as np
import torch
from lerobot.async_inference import robot_client
from lerobot.async_inference.configs import RobotClientConfig
from lerobot.async_inference.helpers import RemotePolicyConfig, TimedAction, TimedObservation
from lerobot.robots import Robot, RobotConfig
from lerobot.transport import services_pb2, services_pb2_grpc
from lerobot.transport.utils import send_bytes_in_chunks
from openpi_client.websocket_client_policy import WebsocketClientPolicy

lerobot_port, openpi_port, *cameras = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
metadata = WebsocketClientPolicy(host="127.0.0.1", port=openpi_port).get_server_metadata()
width = len(metadata["action_names"])


def held(name, condition):
    print(f"{'held' if condition else 'DOES NOT HOLD'}: {name}", flush=True)
    if not condition:
        os._exit(1)


@RobotConfig.register_subclass("simulated")
@dataclass
class SimulatedConfig(RobotConfig):
    names: list = field(default_factory=lambda: list(metadata["state_names"]))
    eyes: list = field(default_factory=lambda: list(cameras))


class Simulated(Robot):
    """Motors that go where they are told, at once, and cameras that see noise."""

    config_class, name = SimulatedConfig, "simulated"

    def __init__(self, config):
        self.config, self.is_there = config, False
        self.at = {name: 0.0 for name in config.names}
        self.carried_out = []
        self.pictures = np.random.default_rng(0)

    observation_features = property(
        lambda self: {name: float for name in self.config.names} | {eye: (48, 64, 3) for eye in self.config.eyes}
    )
    action_features = property(lambda self: {name: float for name in metadata["action_names"]})
    is_connected = property(lambda self: self.is_there)
    is_calibrated = property(lambda self: True)

    def connect(self, calibrate=True):
        self.is_there = True

    def calibrate(self):
        pass

    def configure(self):
        pass

    def get_observation(self):
        return dict(self.at) | {eye: self.pictures.integers(0, 256, (48, 64, 3), np.uint8) for eye in self.config.eyes}

    def send_action(self, action):
        self.carried_out.append(dict(action))
        self.at.update({name: value for name, value in action.items() if name in self.at})
        return action

    def disconnect(self):
        self.is_there = False


robot_client.make_robot_from_config = Simulated


def client_of(path="?seed=5", **changes):
    given = dict(actions_per_chunk=metadata["action_steps"], fps=20, aggregate_fn_name="latest_only") | changes
    address = f"127.0.0.1:{lerobot_port}"
    robot = given.pop("robot", SimulatedConfig())
    return robot_client.RobotClient(
        RobotClientConfig(
            policy_type="smolvla", pretrained_name_or_path=path, robot=robot, task="reach", server_address=address, **given
        )
    )


def refusal(call):
    try:
        call()
        return "nothing was refused"
    except grpc.RpcError as error:
        return error.details()


# gRPC joins the connections of one process. Each client here stands for a process of its own, as LeRobot's command is one.
joined = grpc.insecure_channel
grpc.insecure_channel = lambda address, options=(): joined(address, [*options, ("grpc.use_local_subchannel_pool", 1)])

# A robot that runs as LeRobot's own command runs it, beside another.
client, other = client_of(), client_of("?seed=6", fps=21)
held("the client's start() is answered", client.start() and other.start())
threads = []
for each in (client, other):
    threads.append(threading.Thread(target=each.receive_actions, daemon=True))
    threads.append(threading.Thread(target=each.control_loop, kwargs={"task": "reach"}, daemon=True))
for thread in threads:
    thread.start()
for _ in range(600):
    if min(len(client.robot.carried_out), len(other.robot.carried_out)) >= 40:
        break
    time.sleep(0.1)
carried_out = client.robot.carried_out
held(f"robots carry out actions side by side: {len(carried_out)} and {len(other.robot.carried_out)}", len(carried_out) >= 40)
held("each action has every dof, and is finite", all(set(a) == set(metadata["action_names"]) and np.isfinite(list(a.values())).all() for a in carried_out))
held("the client goes on from chunk to chunk", client.latest_action >= 39)
said = refusal(lambda: client.stub.GetActions(services_pb2.Empty()))
held(f"a second client on its connection is told: {said}", "give each RobotClient a process" in said)
for each in (client, other):
    each.stop()

# The same observations on both of the server's wires, chunk by chunk.
client = client_of()
client.start()
openpi = WebsocketClientPolicy(host="127.0.0.1", port=openpi_port)
openpi._ws.close()


class Seeded(WebsocketClientPolicy):
    def __init__(self):
        self._uri = f"ws://127.0.0.1:{openpi_port}/?seed=5"
        from openpi_client import msgpack_numpy

        self._packer, self._api_key = msgpack_numpy.Packer(), None
        self._ws, self._server_metadata = self._wait_for_server()


openpi = Seeded()
for step in range(3):
    raw = client.robot.get_observation() | {"task": "reach"}
    sent = TimedObservation(timestamp=time.time(), timestep=step, observation=raw, must_go=True)
    held(f"observation {step} is taken", client.send_observation(sent))
    actions = pickle.loads(client.stub.GetActions(services_pb2.Empty()).data)
    state = np.array([raw[name] for name in metadata["state_names"]], np.float32)
    # How a chunk goes on from the one before LeRobot's wire knows by its time steps.
    asked = {metadata["state_keys"][0]: state, "prompt": "reach", "carried_out": 1, "delay": 2}
    asked |= dict(zip(metadata["picture_keys"], [raw[camera] for camera in cameras]))
    expected = openpi.infer(asked)["actions"]
    found = torch.stack([action.get_action() for action in actions]).numpy()
    held(f"chunk {step} {found.shape} {found.dtype} is that of the other wire, to the bit", np.array_equal(found, expected) and found.dtype == np.float32)
    held("it is a list of TimedAction on the CPU", all(type(a) is TimedAction and a.get_action().device.type == "cpu" for a in actions))
    held("its time steps go on from the observation's", [a.get_timestep() for a in actions] == list(range(step, step + len(actions))))
    apart = [a.get_timestamp() - sent.timestamp for a in actions]
    held("its times are as far apart as its steps", np.allclose(apart, np.arange(len(actions)) / metadata["steps_per_second"], atol=1e-5))
    client.robot.at = {name: value + 2.0 for name, value in client.robot.at.items()}

# What LeRobot's own server filters.
still = TimedObservation(timestamp=time.time(), timestep=2, observation=raw, must_go=False)
client.send_observation(still)
begun = time.monotonic()
held("an answered time step is not answered again, and an empty reply comes after two seconds", len(client.stub.GetActions(services_pb2.Empty()).data) == 0 and 1.5 < time.monotonic() - begun < 4)
still.timestep = 9
client.send_observation(still)
held("nor is an observation like the last", len(client.stub.GetActions(services_pb2.Empty()).data) == 0)
still.must_go = True
client.send_observation(still)
held("unless it must go", len(pickle.loads(client.stub.GetActions(services_pb2.Empty()).data)) == len(expected))
client.stub.Ready(services_pb2.Empty())
client.stub.SendPolicyInstructions(services_pb2.PolicySetup(data=pickle.dumps(client.policy_config)))
still.must_go = False
client.send_observation(still)
held("Ready begins anew", len(pickle.loads(client.stub.GetActions(services_pb2.Empty()).data)) == len(expected))

# Pickles of numpy's numbers, of torch, of other layouts and protocols.
for name, value in {
    "numpy float32": {k: np.float32(v) for k, v in raw.items() if k in metadata["state_names"]},
    "torch": {k: torch.tensor(v) for k, v in raw.items() if k in metadata["state_names"]}
    | {camera: torch.from_numpy(raw[camera]) for camera in cameras},
    "torch, channels first in memory": {camera: torch.from_numpy(raw[camera].transpose(2, 0, 1).copy()).permute(1, 2, 0) for camera in cameras},
    "numpy, Fortran's order": {camera: np.asfortranarray(raw[camera]) for camera in cameras},
}.items():
    for protocol in (4, 5):
        client.stub.Ready(services_pb2.Empty())
        replies = []
        for observation in (raw, raw | value):
            sent = TimedObservation(timestamp=1.0, timestep=0, observation=observation, must_go=True)
            pieces = send_bytes_in_chunks(pickle.dumps(sent, protocol=protocol), services_pb2.Observation)
            client.stub.SendObservations(pieces)
            replies.append(pickle.loads(client.stub.GetActions(services_pb2.Empty()).data)[0].get_action())
        held(f"{name} under protocol {protocol} is answered", torch.isfinite(replies[1]).all())


# Pickles that would do harm elsewhere.
class Harm:
    def __reduce__(self):
        return (os.system, ("touch harm-was-done",))


for name, harm in {
    "os.system": pickle.dumps(Harm()),
    "os.system, protocol 2": pickle.dumps(Harm(), protocol=2),
    "an observation with it inside": pickle.dumps(TimedObservation(timestamp=0.0, timestep=0, observation={"a": Harm()})),
    "eval": pickle.dumps(eval),
    "cut short": pickle.dumps(still)[:-40],
    "nothing": b"",
}.items():
    said = refusal(lambda: client.stub.SendObservations(send_bytes_in_chunks(harm or b".", services_pb2.Observation)))
    held(f"{name}: {said}", said.startswith("pickle: expected") and "\n" not in said)
held("no harm was done", not os.path.exists("harm-was-done"))
held("the same client goes on", client.send_observation(still) and len(client.stub.GetActions(services_pb2.Empty()).data) > 0)

# Robots that are not the policy's.
wide = client_of(robot=SimulatedConfig(names=[*metadata["state_names"], "another"]))
held("a state of another width ends the client's start()", wide.start() is False)
wide.stub.Ready(services_pb2.Empty())
said = refusal(lambda: wide.stub.SendPolicyInstructions(services_pb2.PolicySetup(data=pickle.dumps(wide.policy_config))))
held(said, "expected a state of" in said)
strange = client_of(robot=SimulatedConfig(eyes=[*cameras, "ceiling"]))
strange.stub.Ready(services_pb2.Empty())
said = refusal(lambda: strange.stub.SendPolicyInstructions(services_pb2.PolicySetup(data=pickle.dumps(strange.policy_config))))
held(said, "expected pictures of" in said)
early = services_pb2_grpc.AsyncInferenceStub(grpc.insecure_channel(f"127.0.0.1:{lerobot_port}"))
said = refusal(lambda: early.GetActions(services_pb2.Empty()))
held(said, "expected Ready and SendPolicyInstructions" in said)
os._exit(0)
