"""Numbers of scipy's cosine transform and of Hugging Face's byte-pair encoding, for fast.test.ts.

    python -m venv venv && venv/bin/pip install numpy==2.5.5 scipy==1.18.1 tokenizers==0.23.3
    venv/bin/python test/parity/fast.py > test/parity/fast.json

`fit`, `__call__` and `decode` of `physical-intelligence/fast` (`processing_action_tokenizer.py`) are written out here, since that file is only
to be had from the hub; `alphabet` is theirs, characters of the coefficients, or ours, the letters of their bytes.
"""

import json

import numpy as np
from scipy.fft import dct, idct
from tokenizers import ByteLevelBPETokenizer
from tokenizers.trainers import BpeTrainer

SCALE = 40.0
SMALL = 3


def chunks() -> list[np.ndarray]:
    """Walks of robots of 2 and 5 dofs, of 3 to 8 steps: rough enough for coefficients of two bytes."""
    random = np.random.default_rng(7)
    sizes = [(int(random.integers(3, 9)), 2 if at % 2 else 5) for at in range(60)]
    return [np.round(np.cumsum(random.normal(0, 0.3, size), axis=0), 3).astype(np.float32) for size in sizes]


def coefficients(chunk: np.ndarray) -> np.ndarray:
    return np.around(dct(chunk.astype(np.float64), axis=0, norm="ortho") * SCALE).astype(int).flatten()


def fitted(rounded: list[np.ndarray], vocabulary: int, alphabet: list[str]) -> ByteLevelBPETokenizer:
    lowest = int(np.concatenate(rounded).min())
    bpe = ByteLevelBPETokenizer()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        show_progress=False,
        special_tokens=[],
        initial_alphabet=alphabet,
        max_token_length=10000,
    )
    bpe._tokenizer.train_from_iterator(("".join(chr(one - lowest) for one in each) for each in rounded), trainer=trainer)
    return bpe


def letters_of_bytes() -> list[str]:
    """GPT-2's `bytes_to_unicode`, by byte."""
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in prints else chr(next(others)) for byte in range(256)]


def case(rounded: list[np.ndarray], vocabulary: int, alphabet: list[str]) -> dict:
    bpe = fitted(rounded, vocabulary, alphabet)
    file = json.loads(bpe._tokenizer.to_str())
    lowest = int(np.concatenate(rounded).min())
    tokens = [bpe.encode("".join(chr(one - lowest) for one in each)).ids for each in rounded]
    first = np.array([ord(one) for one in bpe.decode(tokens[0])]) + lowest
    steps = idct(first.reshape(-1, 5) / SCALE, axis=0, norm="ortho")
    return {"vocabulary": vocabulary, "alphabet": alphabet, "file": file, "tokens": tokens, "decoded": steps.tolist()}


def main() -> None:
    own = chunks()
    rounded = [coefficients(chunk) for chunk in own]
    lowest, highest = (int(bound(np.concatenate(rounded))) for bound in (np.min, np.max))
    characters = [chr(at) for at in range(highest - lowest + 1)]
    bytes_used = sorted({byte for one in characters for byte in one.encode()})
    letters = letters_of_bytes()
    text = "it's 12  words\u0085,  and \u00a0 more\ufeff\u0660 x\u2028\n"
    pieces = ByteLevelBPETokenizer()._tokenizer.pre_tokenizer.pre_tokenize_str(text)
    print(
        json.dumps(
            {
                "scale": SCALE,
                "lowest": lowest,
                "chunks": [chunk.tolist() for chunk in own],
                "cosines": dct(own[SMALL].astype(np.float64), axis=0, norm="ortho").tolist(),
                "rounded": [each.tolist() for each in rounded],
                "text": text,
                "pieces": [piece for piece, _ in pieces],
                "theirs": case(rounded, 420, characters),
                "ours": case(rounded, 260, [letters[byte] for byte in bytes_used]),
            }
        )
    )


main()
