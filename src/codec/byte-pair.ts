/** A vocabulary of byte-level byte-pair encoding: plain data. */
export interface BytePairForm {
  /** By id. Bytes stand as the letters of `byteLetters`. */
  readonly tokens: readonly string[];
  /** Pairs of tokens that become one, in the order in which they do. */
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * The letter that stands for each byte: itself where it prints, else one from U+0100 on.
 *
 * @source GPT-2 `encoder.py` `bytes_to_unicode`
 */
export const byteLetters: readonly string[] = letters();

function letters(): string[] {
  const prints = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(prints(byte) ? byte : 256 + others++));
}

const bytesByLetter: ReadonlyMap<string, number> = new Map(byteLetters.map((letter, byte) => [letter, byte]));

/** @source GPT-2 `encoder.py`; Rust's `\s` is white space of Unicode, of which JavaScript's differs in two characters */
const pieces =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The pieces of a text between which nothing is merged, each as letters of its bytes. */
export function piecesOf(text: string): string[] {
  const encoder = new TextEncoder();
  return (text.match(pieces) ?? []).map((piece) =>
    Array.from(encoder.encode(piece), (byte) => byteLetters[byte]!).join(""),
  );
}

/** Above every id. */
const radix = 2 ** 21;

/** Two ids as one number, in the order of the pairs. */
export function pairKey(one: number, other: number): number {
  return one * radix + other;
}

/** The ids of a pair. */
export function pairOf(key: number): readonly [number, number] {
  return [Math.floor(key / radix), key % radix];
}

/** Texts as tokens and back, as Hugging Face `tokenizers` does with `ByteLevelBPETokenizer`. */
export class BytePairs {
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  /** Place of each pair of ids in the order of merges. */
  readonly #ranks: ReadonlyMap<number, number>;
  /** What each merge makes. */
  readonly #made: readonly number[];

  /** @throws RangeError if a merge is of tokens, or to one, that are not in the vocabulary */
  constructor({ tokens, merges }: BytePairForm) {
    this.#tokens = tokens;
    this.#ids = new Map(tokens.map((token, id) => [token, id]));
    const stray = merges.find((pair) => [...pair, pair.join("")].some((token) => !this.#ids.has(token)));
    if (stray !== undefined)
      throw new RangeError(`byte pairs: expected merges of tokens of the vocabulary, got "${stray.join(" ")}"`);
    this.#ranks = new Map(merges.map(([one, other], rank) => [pairKey(this.#id(one), this.#id(other)), rank]));
    this.#made = merges.map((pair) => this.#id(pair.join("")));
  }

  get size(): number {
    return this.#tokens.length;
  }

  /** Whether every byte of a text is in the vocabulary. */
  knows(text: string): boolean {
    return piecesOf(text).every((piece) => [...piece].every((letter) => this.#ids.has(letter)));
  }

  /** @throws RangeError if a byte of the text is not in the vocabulary */
  encode(text: string): Int32Array {
    return Int32Array.from(piecesOf(text).flatMap((piece) => this.#merged(Array.from(piece, (one) => this.#id(one)))));
  }

  /** @throws RangeError if an id is none of the vocabulary's, or the bytes are no text in UTF-8 */
  decode(ids: Int32Array): string {
    const bytes = Array.from(ids).flatMap((id) => {
      const token = this.#tokens[id];
      if (token === undefined) throw new RangeError(`byte pairs: expected ids below ${this.#tokens.length}, got ${id}`);
      return Array.from(token, (letter) => byteOf(letter));
    });
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    } catch {
      throw new RangeError(`byte pairs: expected bytes of a text in UTF-8, got [${bytes.join(" ")}]`);
    }
  }

  /** The pair that is merged first, the leftmost of equal ones, as long as there is any. */
  #merged(parts: number[]): number[] {
    const ranks = parts.map((part, at) => this.#rankOf(part, parts[at + 1]));
    for (;;) {
      const first = ranks.reduce((least, rank) => Math.min(least, rank), Infinity);
      if (first === Infinity) return parts;
      const at = ranks.indexOf(first);
      parts.splice(at, 2, this.#made[first]!);
      ranks.splice(at, 1);
      ranks[at] = this.#rankOf(parts[at]!, parts[at + 1]);
      if (at > 0) ranks[at - 1] = this.#rankOf(parts[at - 1]!, parts[at]);
    }
  }

  #rankOf(one: number, other: number | undefined): number {
    return other === undefined ? Infinity : (this.#ranks.get(pairKey(one, other)) ?? Infinity);
  }

  #id(token: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) throw new RangeError(`byte pairs: expected bytes of the vocabulary, got "${token}"`);
    return id;
  }
}

function byteOf(letter: string): number {
  const byte = bytesByLetter.get(letter);
  if (byte === undefined) throw new RangeError(`byte pairs: expected letters of bytes, got "${letter}"`);
  return byte;
}
