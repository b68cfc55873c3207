"""The policy behind `tiny_policy.py`: openpi's π0 in micro size, with this project's padding rules in place of openpi's.

- every raw cell that is not real (pixels of an absent view, state, token id, x) is selected to 0 before anything reads it;
- a token that is not real (absent view, prompt filler, step past the episode's end, filler row) is no key and reads nothing;
  a query that may read nothing yields zeros; positions count real tokens;
- segments: [patches of each view, prompt] one block, [state] one, [actions] one; a token reads its own segment and those before.

Parameters have openpi's names and shapes; `embed_tokens` is the tied `lm_head` of a stored file. Values come from `formula.py`.
"""

import math

import torch
import torch.nn.functional as F

import formula

BATCH, VIEWS, PICTURE, PATCH, PROMPT, STATE, DOFS, HORIZON, VOCABULARY = 4, 2, 16, 8, 6, 5, 6, 4, 300
VISION = {"width": 16, "mlp": 40, "layers": 2, "heads": 2}
BACKBONE = {"width": 32, "mlp": 64}
EXPERT = {"width": 24, "mlp": 48}
SHARED = {"layers": 2, "heads": 4, "groups": 2, "headWidth": 8}
EULER_STEPS = 10

PALIGEMMA = "paligemma_with_expert.paligemma.model"
TOWER = f"{PALIGEMMA}.vision_tower.vision_model"
PROJECTOR = f"{PALIGEMMA}.multi_modal_projector.linear"
LANGUAGE = f"{PALIGEMMA}.language_model"
ACTION = "paligemma_with_expert.gemma_expert.model"


def parameter_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, out: int, into: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (out, into)
        if bias:
            shapes[f"{name}.bias"] = (out,)

    def layer_norm(name: str) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (VISION["width"],)

    width = VISION["width"]
    shapes[f"{TOWER}.embeddings.patch_embedding.weight"] = (width, 3, PATCH, PATCH)
    shapes[f"{TOWER}.embeddings.patch_embedding.bias"] = (width,)
    shapes[f"{TOWER}.embeddings.position_embedding.weight"] = ((PICTURE // PATCH) ** 2, width)
    for at in range(VISION["layers"]):
        layer = f"{TOWER}.encoder.layers.{at}"
        layer_norm(f"{layer}.layer_norm1")
        for part in ("q", "k", "v", "out"):
            linear(f"{layer}.self_attn.{part}_proj", width, width)
        layer_norm(f"{layer}.layer_norm2")
        linear(f"{layer}.mlp.fc1", VISION["mlp"], width)
        linear(f"{layer}.mlp.fc2", width, VISION["mlp"])
    layer_norm(f"{TOWER}.post_layernorm")
    linear(PROJECTOR, BACKBONE["width"], width)
    shapes[f"{LANGUAGE}.embed_tokens.weight"] = (VOCABULARY, BACKBONE["width"])
    for root, size in ((LANGUAGE, BACKBONE), (ACTION, EXPERT)):
        queries, keys = SHARED["heads"] * SHARED["headWidth"], SHARED["groups"] * SHARED["headWidth"]
        for at in range(SHARED["layers"]):
            layer = f"{root}.layers.{at}"
            shapes[f"{layer}.input_layernorm.weight"] = (size["width"],)
            for part, out, into in (("q", queries, size["width"]), ("k", keys, size["width"]), ("v", keys, size["width"])):
                linear(f"{layer}.self_attn.{part}_proj", out, into, bias=False)
            linear(f"{layer}.self_attn.o_proj", size["width"], queries, bias=False)
            shapes[f"{layer}.post_attention_layernorm.weight"] = (size["width"],)
            linear(f"{layer}.mlp.gate_proj", size["mlp"], size["width"], bias=False)
            linear(f"{layer}.mlp.up_proj", size["mlp"], size["width"], bias=False)
            linear(f"{layer}.mlp.down_proj", size["width"], size["mlp"], bias=False)
        shapes[f"{root}.norm.weight"] = (size["width"],)
    linear("state_proj", EXPERT["width"], STATE)
    linear("action_in_proj", EXPERT["width"], DOFS)
    linear("action_time_mlp_in", EXPERT["width"], 2 * EXPERT["width"])
    linear("action_time_mlp_out", EXPERT["width"], EXPERT["width"])
    linear("action_out_proj", DOFS, EXPERT["width"])
    return shapes


def scale_and_offset(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Matrices 0.5 / sqrt(cells of a row); vectors 0.1, around 1 for the LayerNorm weights of the vision tower, else around 0."""
    if len(shape) > 1:
        return 0.5 / math.sqrt(math.prod(shape[1:])), 0.0
    is_layer_norm = name.startswith(TOWER) and "norm" in name and name.endswith(".weight")
    return 0.1, 1.0 if is_layer_norm else 0.0


class Policy:
    def __init__(self, dtype: torch.dtype):
        self.dtype = dtype
        self.parameters = {
            name: torch.from_numpy(formula.values(name, shape, *scale_and_offset(name, shape))).to(dtype).requires_grad_()
            for name, shape in parameter_shapes().items()
        }
        self.trace: dict[str, torch.Tensor] = {}

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias"))

    def layer_norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"], 1e-6)

    def rms_norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * (1 + self.parameters[f"{name}.weight"])

    def look(self, images: torch.Tensor, view_real: torch.Tensor) -> torch.Tensor:
        """Patch tokens of all views, [b, v * p, width of the backbone]; pictures are uint8 [b v h w c]."""
        pixels = torch.where(view_real[:, :, None, None, None], images.to(self.dtype) / 127.5 - 1, 0.0)
        patches = F.conv2d(
            pixels.flatten(0, 1).permute(0, 3, 1, 2),
            self.parameters[f"{TOWER}.embeddings.patch_embedding.weight"],
            self.parameters[f"{TOWER}.embeddings.patch_embedding.bias"],
            stride=PATCH,
        )
        x = patches.flatten(2).transpose(1, 2) + self.parameters[f"{TOWER}.embeddings.position_embedding.weight"]
        for at in range(VISION["layers"]):
            layer = f"{TOWER}.encoder.layers.{at}"
            normed = self.layer_norm(f"{layer}.layer_norm1", x)
            heads = [
                self.linear(f"{layer}.self_attn.{part}_proj", normed).unflatten(-1, (VISION["heads"], -1)).transpose(1, 2)
                for part in ("q", "k", "v")
            ]
            read = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
            x = x + self.linear(f"{layer}.self_attn.out_proj", read)
            hidden = self.linear(f"{layer}.mlp.fc1", self.layer_norm(f"{layer}.layer_norm2", x))
            x = x + self.linear(f"{layer}.mlp.fc2", F.gelu(hidden, approximate="tanh"))
        tokens = self.linear(PROJECTOR, self.layer_norm(f"{TOWER}.post_layernorm", x))
        return tokens.unflatten(0, (-1, VIEWS)).flatten(1, 2)

    def prefix(self, batch: dict, facts: dict) -> torch.Tensor:
        ids = torch.where(facts["tokenReal"], batch["prompt"], 0)
        words = F.embedding(ids, self.parameters[f"{LANGUAGE}.embed_tokens.weight"]) * math.sqrt(BACKBONE["width"])
        return torch.cat([self.look(batch["images"], facts["viewReal"]), words], dim=1)

    def suffix(self, batch: dict, facts: dict, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        state = self.linear("state_proj", torch.where(facts["stateReal"], batch["state"].to(self.dtype), 0.0))
        when = time_embedding(time, EXPERT["width"]).to(self.dtype)[:, None].expand(-1, HORIZON, -1)
        both = torch.cat([self.linear("action_in_proj", x), when], dim=-1)
        actions = self.linear("action_time_mlp_out", F.silu(self.linear("action_time_mlp_in", both)))
        return torch.cat([state[:, None], actions], dim=1)

    def attend(self, layer: int, streams: dict[str, torch.Tensor], pattern: dict, cache: list | None) -> dict:
        """One layer over the tokens of all streams together; `cache` holds keys and values of tokens before them."""
        names = {root: f"{root}.layers.{layer}" for root in streams}
        normed = {root: self.rms_norm(f"{names[root]}.input_layernorm", x) for root, x in streams.items()}
        query, key, value = (
            torch.cat([self.linear(f"{names[root]}.self_attn.{part}_proj", x) for root, x in normed.items()], dim=1).unflatten(
                -1, (-1, SHARED["headWidth"])
            )
            for part in ("q", "k", "v")
        )
        query, key = turned(query, pattern["positions"]), turned(key, pattern["positions"])
        if cache is not None:
            if len(cache) > layer:
                key, value = torch.cat([cache[layer][0], key], dim=1), torch.cat([cache[layer][1], value], dim=1)
            else:
                cache.append((key, value))
        read = attention(query, key, value, pattern["mayRead"])
        results, start = {}, 0
        for root, x in streams.items():
            x = x + self.linear(f"{names[root]}.self_attn.o_proj", read[:, start : start + x.shape[1]])
            start += x.shape[1]
            normed_again = self.rms_norm(f"{names[root]}.post_attention_layernorm", x)
            gate = F.gelu(self.linear(f"{names[root]}.mlp.gate_proj", normed_again), approximate="tanh")
            up = self.linear(f"{names[root]}.mlp.up_proj", normed_again)
            results[root] = x + self.linear(f"{names[root]}.mlp.down_proj", gate * up)
        return results

    def velocity(self, batch: dict, facts: dict, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """Velocity [b t d] of every cell, prefix and suffix in one pass."""
        streams = {LANGUAGE: self.prefix(batch, facts), ACTION: self.suffix(batch, facts, x, time)}
        self.trace = {"prefix 0": streams[LANGUAGE], "suffix 0": streams[ACTION]}
        whole = pattern_of(facts)
        for layer in range(SHARED["layers"]):
            streams = self.attend(layer, streams, whole, None)
            self.trace |= {f"prefix {layer + 1}": streams[LANGUAGE], f"suffix {layer + 1}": streams[ACTION]}
        return self.linear("action_out_proj", self.rms_norm(f"{ACTION}.norm", streams[ACTION])[:, -HORIZON:])

    def sample(self, batch: dict, facts: dict, noise: torch.Tensor) -> torch.Tensor:
        """Actions by Euler steps at t = 1, 0.9, … 0.1; the prefix runs once, the suffix reads its keys and values."""
        whole, length = pattern_of(facts), prefix_length()
        cut = lambda rows, keys: {"positions": whole["positions"][:, rows], "mayRead": whole["mayRead"][:, rows, keys]}
        cache: list = []
        streams = {LANGUAGE: self.prefix(batch, facts)}
        for layer in range(SHARED["layers"]):
            streams = self.attend(layer, streams, cut(slice(length), slice(length)), cache)
        real = facts["stepReal"][:, :, None] & facts["dofReal"][:, None]
        x = torch.where(real, noise.to(self.dtype), 0.0)
        for step in range(EULER_STEPS):
            time = torch.full((BATCH,), 1 - step / EULER_STEPS, dtype=torch.float64)
            streams = {ACTION: self.suffix(batch, facts, x, time)}
            for layer in range(SHARED["layers"]):
                streams = self.attend(layer, streams, cut(slice(length, None), slice(None)), cache)
            out = self.linear("action_out_proj", self.rms_norm(f"{ACTION}.norm", streams[ACTION])[:, -HORIZON:])
            x = x - torch.where(real, out, 0.0) / EULER_STEPS
        return x


def time_embedding(time: torch.Tensor, width: int) -> torch.Tensor:
    period = 4e-3 * (4.0 / 4e-3) ** torch.linspace(0.0, 1.0, width // 2, dtype=torch.float64)
    angle = time.double()[:, None] / period * 2 * math.pi
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def turned(x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Rotary embedding, base 10000, half split; `x` is [b n a f]."""
    half = x.shape[-1] // 2
    angle = positions.double()[..., None, None] * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, may_read: torch.Tensor) -> torch.Tensor:
    key, value = (x.repeat_interleave(query.shape[2] // x.shape[2], dim=2) for x in (key, value))
    scores = torch.einsum("bqaf,bkaf->baqk", query, key) / math.sqrt(query.shape[-1])
    reads_something = may_read.any(-1, keepdim=True)[:, None]
    scores = torch.where(reads_something, scores.masked_fill(~may_read[:, None], -torch.inf), 0.0)
    weights = torch.where(reads_something, scores.softmax(-1), 0.0)
    return torch.einsum("baqk,bkaf->bqaf", weights, value).flatten(2)


def prefix_length() -> int:
    return VIEWS * (PICTURE // PATCH) ** 2 + PROMPT


def pattern_of(facts: dict) -> dict:
    """Which token exists, which it may read, and where it stands: [patches, prompt][state][actions]."""
    patches = facts["viewReal"].repeat_interleave((PICTURE // PATCH) ** 2, dim=1)
    real = torch.cat([patches, facts["tokenReal"], facts["rowReal"][:, None], facts["stepReal"]], dim=1)
    segment = torch.tensor([0] * prefix_length() + [1] + [2] * HORIZON)
    may_read = (segment[None] <= segment[:, None]) & real[:, None] & real[:, :, None]
    return {"tokenReal": real, "positions": real.long().cumsum(1) - 1, "mayRead": may_read}
