import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { realPositions } from "../graph/op/rope.ts";
import { and } from "../graph/op/select.ts";
import { concat, rename, slice } from "../graph/op/shape.ts";
import { AttentionPattern } from "../nn/pattern.ts";
import { type SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";

/** How the tokens of one segment see each other. Every segment sees all earlier segments. */
export type Sight = "within" | "causal" | "joins-previous";

/** Tokens `[b n e]`, real by `[b n]`. */
export type Tokens = SymbolicPadded<"b n e", "float32", "b n">;

export interface Segment {
  /** "pictures", "prompt", "actions": appears in errors. */
  readonly name: string;
  readonly tokens: Tokens;
  /** Which tokens may be read: those that are real, unless the rule that hides the others is switched off. */
  readonly keys: SymbolicValidity<"b n">;
  readonly sight: Sight;
}

/** Every token may be read, real or not: what a rule that is switched off leaves. */
export function everyToken({ shape }: SymbolicArray<"b n e">): SymbolicValidity<"b n"> {
  return SymbolicValidity.complete("b n", shape.slice(0, 2));
}

/**
 * Segments laid end to end: tokens, validity, positions and sight travel as one value.
 *
 * A stream may continue another (`after`): the action expert's tokens read the keys of the prefix.
 */
export class TokenStream {
  readonly segments: readonly Segment[];
  readonly #after: TokenStream | null;
  readonly #rows: number;
  /** Places behind the last token at which nothing stands. */
  readonly #emptyPlaces: number;

  private constructor(segments: readonly Segment[], after: TokenStream | null, emptyPlaces: number) {
    const [first] = segments;
    if (first === undefined) throw new RangeError("TokenStream: expected at least one segment, got none");
    this.#rows = rowsOf(first);
    for (const segment of segments)
      if (rowsOf(segment) !== this.#rows)
        throw new RangeError(
          `TokenStream: segment "${segment.name}" has ${rowsOf(segment)} rows, expected ${this.#rows}`,
        );
    this.segments = segments;
    this.#after = after;
    this.#emptyPlaces = emptyPlaces;
  }

  static of(segments: readonly Segment[]): TokenStream {
    return new TokenStream(segments, null, 0);
  }

  /** A stream whose tokens stand after those of this one. */
  continuedBy(segments: readonly Segment[]): TokenStream {
    return new TokenStream(segments, this, 0);
  }

  /**
   * The same tokens with so many empty places behind them: of a longer stream the first ones, which sum over as many keys as there.
   * What continues it knows nothing of them.
   */
  withEmptyPlaces(count: number): TokenStream {
    return new TokenStream(this.segments, this.#after, count);
  }

  /** A pattern of `rows` sequences in which every query reads every key: each sequence is real as a whole or never read. */
  static readonly wholeRows: AttentionPattern = AttentionPattern.made(null);

  /** All tokens, unreal ones as they came; attention and losses do not read them. */
  get tokens(): SymbolicArray<"b n e"> {
    return concat(
      "n",
      this.segments.map((segment) => segment.tokens.read((values) => values)),
    );
  }

  /** How many tokens stand before this stream's first. */
  get start(): number {
    return this.#after === null ? 0 : this.#after.start + this.#after.length;
  }

  get length(): number {
    return this.segments.reduce((length, { tokens }) => length + lengthOf(tokens), 0);
  }

  /** Which of this stream's own tokens exist. */
  get real(): SymbolicValidity<"b n"> {
    const [first, ...rest] = this.segments.map(({ tokens }) => tokens.valid);
    return first!.reshaped((bits) => concat("n", [bits, ...rest.map(({ isReal }) => isReal)]));
  }

  /** `[b n]`: number of real tokens before each of this stream's own. Unreal tokens do not advance it. */
  get positions(): SymbolicArray<"b n", "int32"> {
    return slice(realPositions(this.#keys()), "n", this.start, this.start + this.length);
  }

  /** Own tokens as queries, own and earlier tokens as keys. */
  get pattern(): AttentionPattern {
    return TokenStream.#patternOf(this.#blocks(), this.#keys(), this.start).withEmptyKeys(this.#emptyPlaces);
  }

  /** Each token from the place `from` on reads itself and those before it, of those that may be read. */
  static causal(keys: SymbolicValidity<"b n">, from: number): AttentionPattern {
    const length = keys.isReal.shape[1] ?? 0;
    return TokenStream.#patternOf([...Array(length).keys()], keys.isReal, from);
  }

  /**
   * @param blocks of every token: a query reads keys of its own block and of earlier ones
   * @param readable `[b n]`
   * @param from place of the first query
   */
  static #patternOf(blocks: readonly number[], readable: SymbolicArray<"b n", "bool">, from: number): AttentionPattern {
    const total = blocks.length;
    const asking = total - from;
    const bits = new Uint8Array(asking * total);
    for (let query = 0; query < asking; query++)
      for (let key = 0; key < total; key++) bits[query * total + key] = blocks[key]! <= blocks[from + query]! ? 1 : 0;
    const sight = constant(new HostArray("q k", [asking, total], "bool", bits));
    const form = { axes: "b q k", shape: [readable.shape[0]!, asking, total], type: "bool" } as const;
    const keys = alignAny(rename(readable, "n", "k"), form);
    const queries = alignAny(rename(slice(readable, "n", from, total), "n", "q"), form);
    return AttentionPattern.made(and(and(alignAny(sight, form), keys), queries));
  }

  /**
   * Own tokens as queries, the tokens of another stream as keys, wherever they stand.
   *
   * @param keys "real": those that exist; "every": also those that do not
   */
  across(other: TokenStream, keys: "real" | "every"): AttentionPattern {
    const form = { axes: "b q k", shape: [this.#rows, this.length, other.length], type: "bool" } as const;
    const queries = alignAny(rename(slice(this.#keys(), "n", this.start, this.start + this.length), "n", "q"), form);
    if (keys === "every") return AttentionPattern.made(queries);
    return AttentionPattern.made(and(queries, alignAny(rename(other.real.isReal, "n", "k"), form)));
  }

  /** `[b n]`: which tokens of the stream, and of those before it, may be read. */
  #keys(): SymbolicArray<"b n", "bool"> {
    const own = this.segments.map(({ keys }) => keys.isReal);
    return concat("n", this.#after === null ? own : [this.#after.#keys(), ...own]);
  }

  /** Block of each token, earlier streams first: a query reads keys of its own block and of earlier ones. */
  #blocks(): number[] {
    const blocks = this.#after === null ? [] : this.#after.#blocks();
    for (const { tokens, sight } of this.segments)
      for (let at = 0; at < lengthOf(tokens); at++) {
        const last = blocks.at(-1) ?? -1;
        const opens = last < 0 || sight === "causal" || (sight === "within" && at === 0);
        blocks.push(opens ? last + 1 : last);
      }
    return blocks;
  }
}

function lengthOf(tokens: Tokens): number {
  return tokens.valid.isReal.shape[1] ?? 0;
}

function rowsOf({ tokens }: Segment): number {
  return tokens.valid.isReal.shape[0] ?? 0;
}
