"""OpenTau's own two low-level policies of π0.7 at micro size, which say their actions as FAST tokens beside the flow: the independent truth for
the rows `pi07_low_level_fast` and `pi07_paligemma_low_level_fast`.

    python test/parity/pi07_fast.py OPENTAU      writes test/parity/pi07-fast.json

Policies, weights and samples are those of `pi07.py`, with the case of each that has most. Actions are said in 4, 2 and 3 tokens of 12, behind
their fixed text; what does not exist holds numbers like what does. No token is 0, whose row their table never learns. The loss is theirs: `MSE`,
whose cells all exist, plus `CE`, which they divide by all tokens, pads as well. The backbone learns nothing from the flow.
"""

from pathlib import Path

import formula
import pi07
import torch
import transformers
from torch.nn.functional import cross_entropy
from video_encoder import gradient_summary, made_with
from writing import number, rounded, write

SAID, VOCABULARY = 4, 12
SAID_REAL = pi07.leading([4, 2, 3], SAID)


def results(kind: str, case: str) -> dict:
    policy, described = pi07.model(kind, SAID, VOCABULARY, insulation=True)
    trunks = policy.gemma3_with_expert if kind == "gemma" else policy.paligemma_with_expert
    seen = {}
    for name, module in (("velocity", policy.action_out_proj), ("scores", trunks.da_head)):
        module.register_forward_hook(lambda module, read, made, name=name: seen.__setitem__(name, made))
    observed, taught = pi07.given(kind, case)
    tokens = torch.from_numpy(1 + formula.ids("pi07/said", (pi07.ROWS, SAID), VOCABULARY - 1)).long()
    taught |= {"discrete_actions": tokens, "discrete_action_masks": pi07.mask(SAID_REAL)}
    prefix = observed if kind == "gemma" else {"prefix_items": pi07.items(observed, taught)}
    loss = policy.forward(**prefix, **taught)
    (loss["MSE"] + loss["CE"]).backward()
    said = cross_entropy(seen["scores"].transpose(1, 2), tokens, reduction="none") * pi07.mask(SAID_REAL)
    torch.testing.assert_close(said.mean(), loss["CE"])
    gradients = {name: parameter.grad for name, parameter in policy.named_parameters() if pi07.is_learnt(parameter.grad)}
    return {
        "mse": number(loss["MSE"].item()),
        "ce": number(loss["CE"].item()),
        "velocity": rounded(seen["velocity"]),
        "said": rounded(said),
        "parameters": {name: described[name] for name in gradients},
        "gradients": {name: gradient_summary(name, gradient) for name, gradient in gradients.items()},
    }


if __name__ == "__main__":
    pi07.at_micro_size()
    write(
        Path(__file__).with_name("pi07-fast.json"),
        {
            "says": "Velocities, losses, cross entropy of each token and gradients. See the docstring of pi07_fast.py.",
            "command": "python test/parity/pi07_fast.py OPENTAU",
            "madeWith": f"{made_with()}, transformers {transformers.__version__}, opentau 0.14.0",
            "formula": formula.description(),
            "vocabulary": VOCABULARY,
            "saidReal": SAID_REAL,
            "gemma": results("gemma", "told"),
            "paligemma": results("paligemma", "mixed"),
        },
    )
