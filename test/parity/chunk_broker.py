"""What openpi's `ActionChunkBroker` hands out, step by step, as chunk-broker.json: `client/chunk-broker.test.ts` replays it.

    client-venv/bin/python test/parity/chunk_broker.py > test/parity/chunk-broker.json

`client-venv` as in openpi_client_serves.py; openpi-client 0.1.2. The policy answers its question number q with chunks [5 2] whose step s is
[10 q + s, −s], and fails at the questions that a case names.
"""

import json

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.base_policy import BasePolicy


class Policy(BasePolicy):
    def __init__(self, fails):
        self.asked = []
        self.resets = 0
        self.fails = fails

    def infer(self, obs):
        number = len(self.asked)
        self.asked.append(obs["call"])
        if number in self.fails:
            raise RuntimeError("no")
        actions = np.array([[10 * number + step, -step] for step in range(5)], np.float32)
        return {"actions": actions, "policy_timing": {"infer_ms": float(number)}}

    def reset(self):
        self.resets += 1


def played(horizon, calls, resets_before=(), fails=()):
    policy = Policy(fails)
    broker = ActionChunkBroker(policy, horizon)
    given = []
    for call in range(calls):
        if call in resets_before:
            broker.reset()
        try:
            found = broker.infer({"call": call})
            given.append({"action": found["actions"].tolist(), "infer_ms": found["policy_timing"]["infer_ms"]})
        except Exception as error:
            given.append({"error": type(error).__name__})
    return {
        "horizon": horizon,
        "resets_before": list(resets_before),
        "fails": list(fails),
        "given": given,
        "asked": policy.asked,
        "resets": policy.resets,
    }


cases = [
    played(1, 3),
    played(3, 8),
    played(5, 11),
    played(3, 8, resets_before=(2, 3, 6)),
    played(2, 7, fails=(1,)),
    # More steps than a chunk has: the step that is not there is an error, again and again, until a reset.
    played(7, 9, resets_before=(8,)),
]
print(json.dumps({"cases": cases}))
