"""Small language and vision models as transformers saves them, and what they compute: the independent truth for `--init-backbone`.

    python test/parity/published_models.py     writes test/parity/published/NAME/ and published/outputs.json (Python 3.12, torch, transformers 5.5.4)

Random weights, genuine names and configurations, in bfloat16, float16 or float32, one model in several files and one with `lm_head.weight`
in the place of its table of tokens. Two rows: a picture of 16 x 16 px (of those that see) and six words. PaliGemma sees all of it both ways,
Gemma 3 its picture, SmolVLM and those that only read see what is before. Outputs are those of float32 on the weights as they are stored.
"""

import platform
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    Gemma3Config,
    Gemma3ForCausalLM,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    SiglipConfig,
    SiglipModel,
    SiglipVisionConfig,
    SiglipVisionModel,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

import formula
from writing import rounded, write

HERE = Path(__file__).parent / "published"
VOCABULARY, IMAGE, ROWS, WORDS, LOGITS = 258, 257, 2, 6, 24
SEEN = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=4)
READ = dict(
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=4,
    vocab_size=VOCABULARY,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)
# Rows are longer than the window, and the seventh layer is like the first.
READ3 = {**READ, "num_hidden_layers": 7, "query_pre_attn_scalar": 4, "sliding_window": 4}
TEXT = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2, vocab_size=10, max_position_embeddings=8)
PLAIN_TOWER = {**SEEN, "vision_use_head": False}


def models() -> dict:
    paligemma = PaliGemmaConfig(
        vision_config={**PLAIN_TOWER, "model_type": "siglip_vision_model", "projection_dim": 16},
        text_config={**READ, "model_type": "gemma", "num_image_tokens": 16},
        projection_dim=16,
        image_token_index=IMAGE,
    )
    gemma3 = Gemma3Config(vision_config=PLAIN_TOWER, text_config={**READ3, "num_hidden_layers": 6}, mm_tokens_per_image=4, image_token_index=IMAGE)
    smolvlm = SmolVLMConfig(vision_config=SEEN, text_config={**READ, "model_type": "llama"}, scale_factor=2, image_token_id=IMAGE)
    llama = LlamaConfig(**READ, tie_word_embeddings=True, rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 100_000.0})
    return {
        "siglip": (SiglipModel(SiglipConfig(vision_config=SEEN, text_config=TEXT)), torch.float32),
        "siglip_vision_model": (SiglipVisionModel(SiglipVisionConfig(**SEEN)), torch.float16),
        "gemma": (GemmaForCausalLM(GemmaConfig(**READ)), torch.float16),
        "gemma3_text": (Gemma3ForCausalLM(Gemma3TextConfig(**READ3)), torch.bfloat16),
        "llama": (LlamaForCausalLM(llama), torch.bfloat16),
        "paligemma": (PaliGemmaForConditionalGeneration(paligemma), torch.bfloat16),
        "gemma3": (Gemma3ForConditionalGeneration(gemma3), torch.float16),
        "smolvlm": (SmolVLMForConditionalGeneration(smolvlm), torch.bfloat16),
    }


def drawn(model, name: str, dtype: torch.dtype):
    """Weights of the formula; those of norms are near 1, or offsets from it near 0."""
    with torch.no_grad():
        for own, parameter in model.named_parameters():
            wide = parameter.ndim > 1
            offset = 1.0 if parameter.ndim == 1 and parameter.mean() == 1 else 0.0
            scale = 1.7 / parameter[0].numel() ** 0.5 if wide else 0.3
            values = formula.values(f"published/{name}/{own}", tuple(parameter.shape), scale, offset)
            parameter.copy_(torch.from_numpy(values).to(dtype))
    return model.eval()


def outputs(name: str, model) -> dict:
    pixels = torch.from_numpy(formula.bytes_("published/pictures", (ROWS, 16, 16, 3))).float().permute(0, 3, 1, 2) * (2 / 255) - 1
    words = torch.from_numpy(formula.ids("published/words", (ROWS, WORDS), 256))
    if name.startswith("siglip"):
        vision = model.vision_model if name == "siglip" else model
        return {"seen": rounded(vision(pixel_values=pixels).last_hidden_state)}
    given = {}
    if hasattr(model.config, "vision_config"):
        tokens = 16 if name == "paligemma" else 4
        words = torch.cat([torch.full((ROWS, tokens), IMAGE), words], dim=1)
        kinds = (words == IMAGE).long() if name == "gemma3" else torch.zeros_like(words)
        given = {"pixel_values": pixels[:, None] if name == "smolvlm" else pixels}
        if name != "smolvlm":
            given["token_type_ids"] = kinds
    found = model(input_ids=words, output_hidden_states=True, **given)
    return {"seen": rounded(found.hidden_states[-1]), "logits": rounded(found.logits[:, -1, :LOGITS])}


def saved(name: str, model, dtype: torch.dtype) -> None:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder, max_shard_size="16KB" if name == "gemma3_text" else "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    for path in folder.glob("*.safetensors"):
        save_file({renamed(name, own): tensor for own, tensor in load_file(path).items()}, path, {"format": "pt"})
        path.chmod(0o644)


def renamed(name: str, tensor: str) -> str:
    """PaliGemma's names are those of the hub, which transformers 5.5 reads and does not write; Gemma's table has its other name."""
    if name == "gemma" and tensor == "model.embed_tokens.weight":
        return "lm_head.weight"
    return tensor.removeprefix("model.") if name == "paligemma" else tensor


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    found = {}
    with torch.no_grad():
        for name, (model, dtype) in models().items():
            found[name] = outputs(name, drawn(model.float(), name, dtype))
            saved(name, model, dtype)
    write(
        HERE / "outputs.json",
        {
            "says": "What small published models compute; see the docstring of published_models.py.",
            "command": "python test/parity/published_models.py",
            "madeWith": f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}",
            "formula": formula.description(),
            "models": found,
        },
    )
