"""Numbers that Python and TypeScript make alike, to the bit, from a name: no file of inputs has to be stored.

    seed  = FNV-1a, 32 bits, of the name's UTF-8 bytes
    hash  = murmur3's 32-bit finalizer of (index * 0x9E3779B9 + seed) mod 2^32
    value = float32(offset + scale * (hash / 2^31 - 1))      the inside in float64: uniform in [offset - scale, offset + scale)
    byte  = hash >> 24
    id    = hash mod bound

`index` counts the cells of the array in row-major order. `formula.ts` beside this file is the other half.
"""

import numpy as np

EXAMPLE = {"name": "parity/example", "scale": 0.3, "offset": 1.0}


def seed_of(name: str) -> int:
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return seed


def hashes(name: str, count: int) -> np.ndarray:
    word = (np.arange(count, dtype=np.uint64) * 0x9E3779B9 + seed_of(name)) & 0xFFFFFFFF
    word ^= word >> np.uint64(16)
    word = (word * np.uint64(0x85EBCA6B)) & 0xFFFFFFFF
    word ^= word >> np.uint64(13)
    word = (word * np.uint64(0xC2B2AE35)) & 0xFFFFFFFF
    return word ^ (word >> np.uint64(16))


def values(name: str, shape: tuple[int, ...], scale: float, offset: float) -> np.ndarray:
    unit = hashes(name, int(np.prod(shape))).astype(np.float64) / 2.0**31 - 1.0
    return (offset + scale * unit).astype(np.float32).reshape(shape)


def bytes_(name: str, shape: tuple[int, ...]) -> np.ndarray:
    return (hashes(name, int(np.prod(shape))) >> np.uint64(24)).astype(np.uint8).reshape(shape)


def ids(name: str, shape: tuple[int, ...], bound: int) -> np.ndarray:
    return (hashes(name, int(np.prod(shape))) % np.uint64(bound)).astype(np.int64).reshape(shape)


def description() -> dict:
    """What a JSON file says about its numbers, with an example that a second implementation is held against."""
    return {
        "seed": "FNV-1a, 32 bits, of the name's UTF-8 bytes",
        "hash": "murmur3 fmix32 of (index * 0x9E3779B9 + seed) mod 2^32",
        "value": "float32(offset + scale * (hash / 2^31 - 1)), the inside in float64",
        "byte": "hash >> 24",
        "id": "hash mod bound",
        "example": EXAMPLE
        | {
            "seed": seed_of(EXAMPLE["name"]),
            "values": [float(value) for value in values(EXAMPLE["name"], (5,), EXAMPLE["scale"], EXAMPLE["offset"])],
            "bytes": [int(byte) for byte in bytes_(EXAMPLE["name"], (5,))],
            "ids of 300": [int(number) for number in ids(EXAMPLE["name"], (5,), 300)],
        },
    }
