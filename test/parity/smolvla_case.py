"""Small SmolVLA policies in LeRobot's own format, with what LeRobot computes with them.

    python smolvla_case.py released/smolvla_marked '{"special": true, "every": 3, "steps": 5, "prefix_length": 40, "seed": 8}'

Needs lerobot 0.6.1, torch and transformers 5.5.4. No hub: its configuration and processor are made here.
"""
import json
import sys
from pathlib import Path
from types import SimpleNamespace
import torch
from safetensors.torch import save_file
from transformers import SmolVLMConfig
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.smolvla import smolvlm_with_expert as X
from lerobot.policies.smolvla import modeling_smolvla as M
from lerobot.policies.smolvla.configuration_smolvla import SmolVLAConfig

sizes = dict(seed=7, vocab=60, width=24, depth=5, keep=4, mlp=32, heads=4, kv=2, head_dim=6, multiplier=0.75, every=2,
    v_width=12, v_depth=1, v_mlp=20, v_heads=2, patch=4, image=16, scale=2, chunk=6, action=8, state=8, real_action=5,
    real_state=6, lengths=[7, 3, 5], prompt=12, prefix_length=-1, special=False, steps=10, mode="cross_attn",
    experts=-1, cameras=["top", "wrist"], absent=[["wrist", 2]], max_length=False)
sizes.update(json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
s = SimpleNamespace(**sizes)
out = Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(s.seed)

hub = SmolVLMConfig(
    vision_config=dict(hidden_size=s.v_width, intermediate_size=s.v_mlp, num_hidden_layers=s.v_depth, num_attention_heads=s.v_heads,
        image_size=s.image, patch_size=s.patch),
    text_config=dict(model_type="llama", hidden_size=s.width, intermediate_size=s.mlp, num_hidden_layers=s.depth,
        num_attention_heads=s.heads, num_key_value_heads=s.kv, head_dim=s.head_dim, vocab_size=s.vocab, rms_norm_eps=1e-5,
        rope_theta=100000, pad_token_id=2),
    scale_factor=s.scale, pad_token_id=2)
fake, glob = s.vocab - 1, s.vocab - 3
X.AutoConfig = SimpleNamespace(from_pretrained=lambda _: hub)
X.AutoProcessor = SimpleNamespace(from_pretrained=lambda _: SimpleNamespace(
    tokenizer=SimpleNamespace(fake_image_token_id=fake, global_image_token_id=glob)))
plain = X.get_intermediate_size
X.get_intermediate_size = lambda width, m=4, multiple_of=16: plain(width, m, multiple_of)

config = SmolVLAConfig(
    input_features={"observation.state": PolicyFeature(FeatureType.STATE, (s.real_state,)),
        **{f"observation.images.{c}": PolicyFeature(FeatureType.VISUAL, (3, 20, 28)) for c in s.cameras}},
    output_features={"action": PolicyFeature(FeatureType.ACTION, (s.real_action,))},
    chunk_size=s.chunk, n_action_steps=s.chunk, max_state_dim=s.state, max_action_dim=s.action,
    resize_imgs_with_padding=(s.image, s.image), tokenizer_max_length=s.prompt, num_steps=s.steps,
    freeze_vision_encoder=False, train_expert_only=False, add_image_special_tokens=s.special, attention_mode=s.mode,
    prefix_length=s.prefix_length, num_expert_layers=s.experts, num_vlm_layers=s.keep, self_attn_every_n_layers=s.every,
    expert_width_multiplier=s.multiplier, device="cpu")
policy = M.SmolVLAPolicy(config)
model = policy.model
with torch.no_grad():
    for name, p in policy.named_parameters():
        gain = 1 if "norm" in name and name.endswith("weight") else 0
        p.copy_(torch.randn_like(p) * (0.1 if p.ndim < 2 else p.shape[-1] ** -0.5) + gain)
for p in policy.parameters():
    p.requires_grad_(True)
policy.save_pretrained(out)

b = len(s.lengths)
n = s.prompt if s.max_length else max(s.lengths)
tokens = torch.randint(3, s.vocab - 4, (b, n))
mask = torch.arange(n)[None] < torch.tensor(s.lengths)[:, None]
tokens[~mask] = 2
images = [torch.rand(b, 3, s.image, s.image) * 2 - 1 for _ in s.cameras]
masks = [torch.tensor([[c, row] not in s.absent for row in range(b)]) for c in s.cameras]
state = torch.randn(b, s.state); state[:, s.real_state:] = 0
actions = torch.randn(b, s.chunk, s.action); actions[:, :, s.real_action:] = 0
raw = actions[:, :, :s.real_action].clone()
pad = torch.zeros(b, s.chunk, dtype=torch.bool); pad[1, -2:] = True
noise, first = torch.randn(b, s.chunk, s.action), torch.randn(b, s.chunk, s.action)
time = torch.rand(b) * 0.9 + 0.05
x_t = time[:, None, None] * noise + (1 - time[:, None, None]) * actions
loss = model.forward(images, masks, tokens, mask, state, actions, noise, time)
valid = (~pad)[:, :, None] * torch.ones(1, 1, s.real_action)
objective = (loss[:, :, :s.real_action] * valid).sum() / valid.sum()
objective.backward()
grabbed = {}
hook = model.action_out_proj.register_forward_hook(lambda _, __, o: grabbed.update(v=o.detach()))
with torch.no_grad():
    model.forward(images, masks, tokens, mask, state, actions, noise, time)
    velocity = grabbed["v"]
    hook.remove()
    sampled = model.sample_actions(images, masks, tokens, mask, state, noise=first)
grads = {f"grad.{k}": p.grad for k, p in policy.named_parameters() if p.grad is not None and p.numel() < 1200 and "k_proj.bias" not in k}
tensors = {"in.tokens": tokens, "in.tokens_mask": mask.to(torch.uint8), "in.state": state, "in.actions": actions,
    "in.action_is_pad": pad.to(torch.uint8), "in.noise": noise, "in.first_noise": first, "in.time": time, "raw.actions": raw,
    "out.x_t": x_t, "out.velocity": velocity, "out.loss": loss.detach(), "out.objective": objective.detach(), "out.sampled": sampled,
    **{f"in.image.{c}": i for c, i in zip(s.cameras, images)},
    **{f"in.image_mask.{c}": m.to(torch.uint8) for c, m in zip(s.cameras, masks)}, **grads}
save_file({k: v.contiguous() for k, v in tensors.items()}, out / "case.safetensors")
case = {"policy": "smolvla", "maker": "test/parity/smolvla_case.py", "sizes": sizes,
    "special_image_tokens": {"start": [fake, glob], "end": [fake]} if s.special else None, "cameras_in_order": s.cameras, "steps": s.steps}
(out / "case.json").write_text(json.dumps(case, indent=1) + "\n")
