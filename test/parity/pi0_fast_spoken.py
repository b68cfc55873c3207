"""A small π0-FAST that LeRobot has taught to say its actions, with the tokens and the actions that LeRobot reads from them.

    python test/parity/pi0_fast_spoken.py ../shared/data/reference/pi0_fast test/parity/released/pi0_fast_spoken

Python 3.12 with lerobot 0.6.1, torch 2.11.0, transformers 5.5.4, scipy. No hub: the tokenizer of words is made here, that of actions is fitted by
the class of `physical-intelligence/fast`, as LeRobot ships it. Weights begin as those of the first folder, so the class is built from patched
source: sizes alone, as its case.json says. Of the four samples the third is taught an answer that leaves its last frequencies out, and the
fourth one that is no answer.

`out.said` are the tokens of `sample_actions_fast_kv_cache`, `out.unit` what `detokenize_actions` makes of them, `out.robot` the same behind the
postprocessor. `detokenized`: other answers, and what `detokenize_actions` makes of those.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from lerobot.policies.molmoact2.molmoact2_hf_model.action_tokenizer import UniversalActionProcessor
from lerobot.processor import PolicyProcessorPipeline
from lerobot.processor import tokenizer_processor
from lerobot.processor.converters import policy_action_to_transition, transition_to_policy_action
from lerobot_class import patched
from safetensors.torch import load_file
from tokenizers import AddedToken, Tokenizer, decoders, models, processors
from transformers import PreTrainedTokenizerFast

SEED, SKIP, VOCABULARY, PROMPT, ANSWER = 5, 8, 96, 64, 40
TASKS = ["pick up the red_block", "Fold  the towel\n", "x", "do nothing"]


def words(folder: Path) -> tuple[PreTrainedTokenizerFast, PreTrainedTokenizerFast]:
    """One token a character, but for "Action".

    The first begins with a token, as PaliGemma's tokenizer does; the second ends with one in its place, as LeRobot asks of it for actions.
    """
    specials = ["<pad>", "<eos>", "<bos>", "<unk>"]
    parts = ["Ac", "Act", "Acti", "Actio", "Action"]
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789ATSF:,; |-\n"]
    own = [*specials, *letters, *parts]
    vocabulary = {token: at for at, token in enumerate([*own, *(f"<{at}>" for at in range(len(own), VOCABULARY))])}
    merges = [("A", "c"), ("Ac", "t"), ("Act", "i"), ("Acti", "o"), ("Actio", "n")]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    tokenizer.decoder = decoders.Fuse()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    begins = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks)
    ending = Tokenizer.from_str(tokenizer.to_str())
    ending.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return begins, PreTrainedTokenizerFast(tokenizer_object=ending, **marks)


def fitted(folder: Path, chunks: np.ndarray) -> UniversalActionProcessor:
    fast = UniversalActionProcessor.fit(list(chunks), scale=3, vocab_size=32, time_horizon=chunks.shape[1], action_dim=3)
    folder.mkdir(parents=True, exist_ok=True)
    fast.bpe_tokenizer.save_pretrained(folder)
    # What `save_pretrained` of the class writes, without the name of a module that is not there.
    config = {name: getattr(fast, name) for name in ("scale", "vocab_size", "min_token", "action_dim", "time_horizon")}
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": "UniversalActionProcessor", **config}, indent=2))
    return UniversalActionProcessor.from_pretrained_local(str(folder))


def processed(folder: Path, raw: dict) -> dict:
    """The preprocessor without the steps that need a tokenizer of the hub."""
    with tempfile.TemporaryDirectory() as own:
        for file in folder.glob("policy_preprocessor*"):
            shutil.copy(file, own)
        path = Path(own) / "policy_preprocessor.json"
        config = json.loads(path.read_text())
        config["steps"] = [step for step in config["steps"] if "tokenizer_processor" != step["registry_name"] and "action_tokenizer" not in step["registry_name"]]
        path.write_text(json.dumps(config))
        return PolicyProcessorPipeline.from_pretrained(own, config_filename=path.name)(raw)


def main(origin: Path, out: Path) -> None:
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    case = json.loads((origin / "case.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    text, ending = words(out / "tokenizer")
    tokenizer_processor.AutoTokenizer = SimpleNamespace(from_pretrained=lambda *_, **__: ending)
    for file in origin.glob("policy_*"):
        shutil.copyfile(file, out / file.name)

    b, chunk, dofs = len(TASKS), case["sizes"]["chunk"], 3
    state = random.normal(0, 1, (b, 4)).astype(np.float32)
    pictures = random.integers(0, 256, (b, 2, 8, 8, 3), dtype=np.uint8)
    own = load_file(next(origin.glob("policy_postprocessor*.safetensors")))
    unit = np.cumsum(random.normal(0, 0.4, (b, chunk, dofs)), axis=1)
    actions = (unit * own["action.std"].numpy() + own["action.mean"].numpy()).astype(np.float32)
    raw = {"observation.state": torch.tensor(state), "action": torch.tensor(actions), "task": TASKS}
    found = processed(out, raw)
    fast = fitted(out / "fast", found["action"].numpy())

    config = json.loads((origin / "config.json").read_text())
    config.update(tokenizer_max_length=PROMPT, max_action_tokens=ANSWER, max_decoding_steps=ANSWER - 1, fast_skip_tokens=SKIP)
    for name in ("observation.images.top", "observation.images.wrist"):
        config["input_features"][name]["shape"] = [3, 8, 8]
    (out / "config.json").write_text(json.dumps(config, indent=4))

    module = patched("lerobot.policies.pi0_fast.modeling_pi0_fast", case["source_patches"], case["sizes"])
    module.AutoProcessor = SimpleNamespace(from_pretrained=lambda *_, **__: fast)
    module.AutoTokenizer = SimpleNamespace(from_pretrained=lambda *_, **__: ending)
    shutil.copyfile(origin / "model.safetensors", out / "model.safetensors")
    policy = module.PI0FastPolicy.from_pretrained(out)

    step = tokenizer_processor.ActionTokenizerProcessorStep(
        action_tokenizer_input_object=fast, max_action_tokens=ANSWER, fast_skip_tokens=SKIP
    )
    taught, exists = step._tokenize_action(found["action"])
    bar = text.convert_tokens_to_ids("|")
    ends = [int((row == bar).nonzero()[0, 0]) for row in taught]
    # The third leaves out its last frequencies, the fourth has a word in place of its first action.
    taught[2, ends[2] - 3] = bar
    taught[3, 4] = text.convert_tokens_to_ids("x")
    prompts = text(found["task"], max_length=PROMPT, padding="max_length", truncation=True, return_tensors="pt")
    batch = {
        "observation.images.top": torch.tensor(pictures[:, 0]).permute(0, 3, 1, 2) / 255,
        "observation.images.wrist": torch.tensor(pictures[:, 1]).permute(0, 3, 1, 2) / 255,
        "observation.language.tokens": prompts["input_ids"],
        "observation.language.attention_mask": prompts["attention_mask"].bool(),
        tokenizer_processor.ACTION_TOKENS: taught,
        tokenizer_processor.ACTION_TOKEN_MASK: exists,
    }
    policy.train()
    optimizer = torch.optim.Adam([p for p in policy.parameters() if p.requires_grad], lr=3e-3)
    for turn in range(200):
        loss, _ = policy.forward(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if turn % 50 == 0:
            print(turn, loss.item())
    policy.eval()
    policy.save_pretrained(out)
    for other in ("README.md", "train_config.json"):
        (out / other).unlink(missing_ok=True)

    postprocess = PolicyProcessorPipeline.from_pretrained(
        out,
        config_filename="policy_postprocessor.json",
        to_transition=policy_action_to_transition,
        to_output=transition_to_policy_action,
    )
    images, masks = policy._preprocess_images(batch)
    with torch.no_grad():
        said = policy.model.sample_actions_fast_kv_cache(
            images, masks, prompts["input_ids"], prompts["attention_mask"].bool(), max_decoding_steps=ANSWER - 1
        )
        unit = policy.predict_action_chunk(batch)
    assert torch.equal(unit, policy.detokenize_actions(said, chunk, dofs))

    whole = [int(token) for token in taught[0, 1 : ends[0]]]
    answers = {
        "whole": [*whole, bar, 7, 7],
        "too long": [*whole, *whole[3:], bar],
        "without an end": whole,
        "too short": [*whole[:-2], bar],
        "one token": [*whole[:4], bar],
    }
    detokenized = {
        name: {"tokens": tokens, "unit": policy.detokenize_actions(torch.tensor([tokens]), chunk, dofs)[0].tolist()}
        for name, tokens in answers.items()
    }
    (out / "case.json").write_text(
        json.dumps(
            {
                "policy": "pi0_fast",
                "maker": "test/parity/pi0_fast_spoken.py",
                "sizes": case["sizes"] | {"skip": SKIP, "prompt": PROMPT, "longest": ANSWER},
                "raw.tasks": TASKS,
                "raw.state": state.tolist(),
                "raw.pictures": pictures.reshape(b, 2, -1).tolist(),
                "prompts": found["task"],
                "in.tokens": [[int(t) for t, real in zip(row, mask) if real] for row, mask in zip(prompts["input_ids"], prompts["attention_mask"])],
                "taught": [[int(token) for token, real in zip(row, mask) if real] for row, mask in zip(taught, exists)],
                "out.said": said.tolist(),
                "out.unit": unit.tolist(),
                "out.robot": postprocess(unit).tolist(),
                "detokenized": detokenized,
            }
        )
        + "\n"
    )
    print("said as taught:", [said[row, : ends[row]].tolist() == taught[row, 1 : ends[row] + 1].tolist() for row in range(b)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
