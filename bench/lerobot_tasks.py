"""What LeRobot's policies compute for `lerobot_policy.py`: an answer, and the loss of a step, on a batch that is given."""

from contextlib import contextmanager
from types import SimpleNamespace

import torch
from lerobot_sized import ACTION, ANSWER


def way_of(policy, said: SimpleNamespace, given: dict):
    """The way in which a policy computes both."""
    way = {"groot_n17": Head, "pi0_fast": Spoken}.get(said.variant, Flow)
    return way(policy, said, given)


class Flow:
    """SmolVLA, π0 and π0.5."""

    def __init__(self, policy, said: SimpleNamespace, given: dict):
        self.model, self.given = policy.model, given
        self.observation = observation(said, given)
        if said.variant != "pi05":
            self.observation.append(given["in.state"])

    def answer(self) -> torch.Tensor:
        return self.model.sample_actions(*self.observation, noise=self.given["in.first_noise"])

    def loss(self) -> torch.Tensor:
        actions, noise, at = (self.given[f"in.{name}"] for name in ("actions", "noise", "time"))
        return self.model.forward(*self.observation, actions, noise, at)[:, :, :ACTION].mean()


class Spoken:
    """π0-FAST: an answer is said token by token, with the keys and values of those before."""

    def __init__(self, policy, said: SimpleNamespace, given: dict):
        self.model, self.observation = policy.model, observation(said, given)
        self.answers = given["in.action_tokens"], given["in.action_tokens_mask"].bool()

    def answer(self) -> torch.Tensor:
        return self.model.sample_actions_fast_kv_cache(*self.observation, max_decoding_steps=ANSWER)

    def loss(self) -> torch.Tensor:
        return self.model.forward(*self.observation, *self.answers)["loss"]


class Head:
    """GR00T's action head over features."""

    def __init__(self, policy, _said: SimpleNamespace, given: dict):
        self.head, self.given = policy.action_head, given

    def features(self):
        from transformers.feature_extraction_utils import BatchFeature

        names = {"features": "backbone_features", "mask": "backbone_attention_mask"}
        own = {theirs: self.given[f"in.backbone_{ours}"] for ours, theirs in names.items()}
        own["backbone_attention_mask"] = own["backbone_attention_mask"].bool()
        return BatchFeature(data={**own, "image_mask": self.given["in.image_mask"].bool()})

    def asked(self, **more):
        from transformers.feature_extraction_utils import BatchFeature

        return BatchFeature(
            data={"state": self.given["in.state"], "embodiment_id": self.given["in.embodiment"], **more}
        )

    def answer(self) -> torch.Tensor:
        with drawn(self.given["in.first_noise"]):
            return self.head.get_action(self.features(), self.asked())["action_pred"]

    def loss(self) -> torch.Tensor:
        self.head.sample_time = lambda *_, **__: self.given["in.time"]
        with drawn(self.given["in.noise"]):
            own = self.asked(action=self.given["in.actions"], action_mask=self.given["in.action_mask"])
            return self.head(self.features(), own)["loss"]


@contextmanager
def drawn(noise: torch.Tensor):
    """The head draws its noise itself: here it is given."""
    own, torch.randn = torch.randn, lambda *_, **__: noise
    try:
        yield
    finally:
        torch.randn = own


def observation(said: SimpleNamespace, given: dict) -> list:
    cameras = said.size.cameras
    return [
        [given[f"in.image.{camera}"] for camera in cameras],
        [given[f"in.image_mask.{camera}"].bool() for camera in cameras],
        given["in.tokens"],
        given["in.tokens_mask"].bool(),
    ]
