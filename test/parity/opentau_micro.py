"""What the scripts of OpenTau's policies share: its trunks at our sizes, and weights that a formula makes."""

import formula
import torch
from writing import number

WIDTHS = {"backbone": {"width": 32, "mlp": 64}, "expert": {"width": 24, "mlp": 48}}
HEADS = {"heads": 4, "keyHeads": 2, "headWidth": 8}
VISION = {"patch": 8, "width": 16, "layers": 4, "mlp": 40, "heads": 2}


def trunk_sizes(layers: int) -> dict:
    return {name: {**widths, "layers": layers, **HEADS} for name, widths in WIDTHS.items()}


def size(text, vision, expert, sizes: dict, picture: int, vocabulary: int) -> None:
    """Their configuration of the three trunks, at our sizes."""
    backbone = sizes["backbone"]
    for trunk, own in ((text, backbone), (expert, sizes["expert"])):
        trunk.hidden_size, trunk.intermediate_size, trunk.head_dim = own["width"], own["mlp"], own["headWidth"]
        trunk.num_hidden_layers, trunk.num_attention_heads = own["layers"], own["heads"]
        trunk.num_key_value_heads, trunk.vocab_size = own["keyHeads"], vocabulary
        trunk.layer_types = ["full_attention"] * own["layers"]
    expert.adarms_cond_dim = sizes["expert"]["width"]
    vision.projection_dim = backbone["width"]
    vision.hidden_size, vision.intermediate_size, vision.patch_size = VISION["width"], VISION["mlp"], VISION["patch"]
    vision.num_hidden_layers, vision.num_attention_heads, vision.image_size = VISION["layers"], VISION["heads"], picture


def micro_paligemma(published: type, layers: int, picture: int, vocabulary: int):
    """Their configuration of PaliGemma and its expert, at our sizes."""

    def made(**given):
        own = published(**given)
        size(
            own.paligemma_config.text_config, own.paligemma_config.vision_config, own.gemma_expert_config,
            trunk_sizes(layers), picture, vocabulary,
        )  # fmt: skip
        own.paligemma_config.projection_dim = WIDTHS["backbone"]["width"]
        return own

    return made


def fill(policy: torch.nn.Module, place: str) -> dict:
    """Gives a policy the weights of the formula, and says how each is made. @param place what their names begin with there"""
    described = {}
    for name, parameter in policy.named_parameters():
        scale, offset = scale_of(name, parameter.shape)
        parameter.data = torch.from_numpy(formula.values(f"{place}/{name}", tuple(parameter.shape), scale, offset))
        parameter.requires_grad_(True)
        described[name] = {"shape": list(parameter.shape), "scale": number(scale), "offset": offset}
    return described


def scale_of(name: str, shape: torch.Size) -> tuple[float, float]:
    """Matrices 1 / sqrt(cells of a row); vectors 0.1, around 1 for the layer norms of the tower, else around 0."""
    if len(shape) > 1:
        return float(shape[1:].numel()) ** -0.5, 0.0
    return 0.1, 1.0 if "vision" in name and "norm" in name and name.endswith("weight") else 0.0
