import { type BytePairForm, pairKey, pairOf, piecesOf } from "./byte-pair.ts";

/** What a vocabulary is made for. */
export interface BytePairFit {
  /** Letters that are tokens whether they occur or not. */
  readonly alphabet: readonly string[];
  /** How many tokens there are at most. */
  readonly vocabulary: number;
  /** Told how many tokens there are, after each merge. */
  readonly made: (tokens: number) => void;
}

/** Pairs that occur less often are not merged. */
const fewest = 2;

/**
 * The vocabulary that merges, again and again, the pair of tokens that occurs most often in some texts; of several the one of the
 * smallest ids. The same texts in any order give the same vocabulary.
 *
 * @throws RangeError if the vocabulary has no room for the letters alone
 * @source Hugging Face `tokenizers` `models/bpe/trainer.rs` `do_train`
 */
export function fitBytePairs(texts: Iterable<string>, { alphabet, vocabulary, made }: BytePairFit): BytePairForm {
  const pieces = countsOf(texts);
  const letters = new Set([...alphabet, ...[...pieces.keys()].flatMap((piece) => [...piece])]);
  const tokens = [...letters].sort((one, other) => one.codePointAt(0)! - other.codePointAt(0)!);
  if (tokens.length > vocabulary)
    throw new RangeError(`fit: expected room for ${tokens.length} letters in the vocabulary, got ${vocabulary} tokens`);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = [...pieces].map(([piece, count]) => ({ count, parts: Array.from(piece, (one) => ids.get(one)!) }));
  const pairs = new Pairs(words);
  const merges: (readonly [string, string])[] = [];
  while (tokens.length < vocabulary) {
    const pair = pairs.most();
    if (pair === null) break;
    const [one, other] = pair;
    const token = `${tokens[one]}${tokens[other]}`;
    merges.push([tokens[one]!, tokens[other]!]);
    // Letters are merged in the same order wherever they stand, so that no other pair has made the token before.
    pairs.merge(pair, tokens.push(token) - 1);
    made(tokens.length);
  }
  return { tokens, merges };
}

function countsOf(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const piece of piecesOf(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}

/** A piece as ids of tokens, and how often it occurs. */
interface Word {
  readonly count: number;
  parts: number[];
}

/** Pairs of neighbouring tokens in some words, and how often each occurs. */
class Pairs {
  readonly #words: readonly Word[];
  readonly #counts = new Map<number, number>();
  /** Words in which a pair has occurred. */
  readonly #places = new Map<number, Set<number>>();

  constructor(words: readonly Word[]) {
    this.#words = words;
    for (const [place, { count, parts }] of words.entries())
      for (let at = 0; at + 1 < parts.length; at++) this.#add(pairKey(parts[at]!, parts[at + 1]!), count, place);
  }

  /** The pair that occurs most often, of several the one of the smallest ids; `null` where none occurs often enough. */
  most(): readonly [number, number] | null {
    let [best, most] = [Infinity, fewest];
    for (const [key, count] of this.#counts)
      if (count > most || (count === most && key < best)) [best, most] = [key, count];
    return best === Infinity ? null : pairOf(best);
  }

  /** Puts a token in the place of a pair, wherever it occurs. */
  merge([one, other]: readonly [number, number], token: number): void {
    const key = pairKey(one, other);
    for (const place of this.#places.get(key)!) this.#mergeIn(place, [one, other], token);
    this.#counts.delete(key);
    this.#places.delete(key);
  }

  #mergeIn(place: number, [one, other]: readonly [number, number], token: number): void {
    const word = this.#words[place]!;
    const { parts, count } = word;
    const out: number[] = [];
    for (let at = 0; at < parts.length; at++) {
      if (parts[at] !== one || parts[at + 1] !== other) {
        out.push(parts[at]!);
        continue;
      }
      const [before, after] = [out.at(-1), parts[at + 2]];
      if (before !== undefined) this.#move(pairKey(before, one), pairKey(before, token), count, place);
      if (after !== undefined) this.#move(pairKey(other, after), pairKey(token, after), count, place);
      out.push(token);
      at++;
    }
    word.parts = out;
  }

  #move(from: number, to: number, count: number, place: number): void {
    this.#counts.set(from, (this.#counts.get(from) ?? 0) - count);
    this.#add(to, count, place);
  }

  #add(key: number, count: number, place: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    const places = this.#places.get(key) ?? new Set();
    this.#places.set(key, places.add(place));
  }
}
