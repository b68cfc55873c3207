import { philox } from "./philox.ts";

/**
 * A named stream of random numbers, each addressed by a counter: the order of use never matters.
 *
 * `names` tell apart what shares a purpose: `stream(seed, "initial weight", "action.in.weight")`.
 * The key is a chain of Philox blocks over seed and names. The message is the number of names (one word), then each name
 * as its length in bytes (one word) and its UTF-8 (little-endian words, zero-padded), zero-padded to blocks of four words.
 * A block is the counter under the key so far; the result folded in halves (`w0 ^ w2`, `w1 ^ w3`) is the next key.
 * The first key is the seed, low word first.
 *
 * @throws RangeError if the seed is no integer between 0 and 2⁵³ − 1
 */
export function stream(seed: number, purpose: string, ...names: readonly string[]): Stream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`stream "${purpose}": expected a seed between 0 and ${Number.MAX_SAFE_INTEGER}, got ${seed}`);
  const words = message([purpose, ...names]);
  const key = new Uint32Array([seed % wordRange, Math.floor(seed / wordRange)]);
  const block = new Uint32Array(4);
  for (let at = 0; at < words.length; at += 4) {
    philox(block, key, words.subarray(at, at + 4));
    key[0] = block[0]! ^ block[2]!;
    key[1] = block[1]! ^ block[3]!;
  }
  return new Stream(key);
}

const wordRange = 2 ** 32;

/**
 * Numbers of one stream. Every method is a pure function of the stream's name and the counter `c0 c1 c2 c3`.
 *
 * Word `c0` of the sequence `(c1, c2, c3)` is lane `c0 mod 4` of the Philox block with counter `(⌊c0 / 4⌋, c1, c2, c3)`.
 * `uniform` and `normal` at one counter come from the same words: one stream is used for one of them.
 */
export class Stream {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array = new Uint32Array(4);
  readonly #words: Uint32Array = new Uint32Array(4);

  /** @param key two words; `stream` makes them from a name */
  constructor(key: Uint32Array) {
    this.#key = key.slice();
  }

  /** A word of 32 random bits. */
  word(c0: number, c1: number, c2: number, c3: number): number {
    this.#block(c0 >>> 2, c1, c2, c3);
    return this.#words[c0 & 3]!;
  }

  /** In `[0, 1)`, a multiple of 2⁻³². An integer below `n` is `Math.floor(n * uniform)`. */
  uniform(c0: number, c1: number, c2: number, c3: number): number {
    return this.word(c0, c1, c2, c3) / wordRange;
  }

  /**
   * Standard normal, between −6.66 and 6.66.
   *
   * Box–Muller: words 0 and 1 of a block make lanes 0 (cosine) and 1 (sine), words 2 and 3 make lanes 2 and 3:
   * `√(−2 ln u) · cos 2πv` with `u = (w + 1) / 2³²` in `(0, 1]` and `v = w′ / 2³²`.
   */
  normal(c0: number, c1: number, c2: number, c3: number): number {
    this.#block(c0 >>> 2, c1, c2, c3);
    const pair = c0 & 2;
    const angle = anglePerWord * this.#words[pair + 1]!;
    return radius(this.#words[pair]!) * ((c0 & 1) === 0 ? Math.cos(angle) : Math.sin(angle));
  }

  /** Fills `out` with `out[i] = normal(i, c1, c2, c3)`, at a quarter of the cost. */
  fillNormal(out: Float32Array, c1: number, c2: number, c3: number): void {
    const words = this.#words;
    for (let at = 0; at < out.length; at += 4) {
      this.#block(at >>> 2, c1, c2, c3);
      for (let pair = 0; pair < 4 && at + pair < out.length; pair += 2) {
        const length = radius(words[pair]!);
        const angle = anglePerWord * words[pair + 1]!;
        out[at + pair] = length * Math.cos(angle);
        // Past the end of a typed array a store does nothing.
        out[at + pair + 1] = length * Math.sin(angle);
      }
    }
  }

  /** Fills `out` with `out[i] = uniform(i, c1, c2, c3)`. Float32 rounds: values may reach 1. */
  fillUniform(out: Float32Array | Float64Array, c1: number, c2: number, c3: number): void {
    for (let at = 0; at < out.length; at++) {
      if ((at & 3) === 0) this.#block(at >>> 2, c1, c2, c3);
      out[at] = this.#words[at & 3]! / wordRange;
    }
  }

  /**
   * Where `index` goes in a keyed permutation of `[0, length)`: a bijection that is never stored.
   *
   * Alternating additive Feistel rounds on the rectangle `a × b ≥ length` nearest to a square; what leaves `[0, length)`
   * walks on along its cycle, which comes back.
   *
   * @param c2 with `c3`: which permutation
   * @throws RangeError if the index does not lie within the length
   * @source Black, Rogaway: Ciphers with Arbitrary Finite Domains (CT-RSA 2002), generalised Feistel and cycle walking
   */
  permuted(index: number, length: number, c2: number, c3: number): number {
    if (!Number.isSafeInteger(index) || index < 0 || index >= length)
      throw new RangeError(`Stream.permuted: expected an index within 0 and ${length - 1}, got ${index}`);
    const a = Math.ceil(Math.sqrt(length));
    const b = Math.ceil(length / a);
    let at = index;
    do {
      let left = at % a;
      let right = Math.floor(at / a);
      for (let round = 0; round < feistelRounds; round += 2) {
        left = (left + this.#roundWord(round, right, c2, c3)) % a;
        right = (right + this.#roundWord(round + 1, left, c2, c3)) % b;
      }
      at = right * a + left;
    } while (at >= length);
    return at;
  }

  #roundWord(round: number, half: number, c2: number, c3: number): number {
    this.#block(round, half, c2, c3);
    return this.#words[0]!;
  }

  #block(c0: number, c1: number, c2: number, c3: number): void {
    const counter = this.#counter;
    counter[0] = c0;
    counter[1] = c1;
    counter[2] = c2;
    counter[3] = c3;
    philox(this.#words, this.#key, counter);
  }
}

const feistelRounds = 8;
const anglePerWord = (2 * Math.PI) / wordRange;

function radius(word: number): number {
  return Math.sqrt(-2 * Math.log((word + 1) / wordRange));
}

function message(names: readonly string[]): Uint32Array {
  const words = [names.length];
  for (const name of names) {
    const bytes = new TextEncoder().encode(name);
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    words.push(bytes.length);
    for (let at = 0; at < padded.length; at += 4) words.push(view.getUint32(at, true));
  }
  const out = new Uint32Array(Math.ceil(words.length / 4) * 4);
  out.set(words);
  return out;
}
