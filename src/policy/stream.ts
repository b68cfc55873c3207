import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { realPositions } from "../graph/op/rope.ts";
import { and } from "../graph/op/select.ts";
import { concat, rename, slice } from "../graph/op/shape.ts";
import { AttentionPattern } from "../nn/pattern.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";

/** How the tokens of one segment see each other. Every segment sees all earlier segments. */
export type Sight = "within" | "causal" | "joins-previous";

/** Tokens `[b n e]`, real by `[b n]`. */
export type Tokens = SymbolicPadded<"b n e", "float32", "b n">;

export interface Segment {
  /** "pictures", "prompt", "actions": appears in errors. */
  readonly name: string;
  readonly tokens: Tokens;
  readonly sight: Sight;
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

  private constructor(segments: readonly Segment[], after: TokenStream | null) {
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
  }

  static of(segments: readonly Segment[]): TokenStream {
    return new TokenStream(segments, null);
  }

  /** A stream whose tokens stand after those of this one. */
  continuedBy(segments: readonly Segment[]): TokenStream {
    return new TokenStream(segments, this);
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

  /** `[b n]`: real tokens of the stream and of those before it. */
  get isReal(): SymbolicArray<"b n", "bool"> {
    const own = this.segments.map(({ tokens }) => tokens.valid.isReal);
    return concat("n", this.#after === null ? own : [this.#after.isReal, ...own]);
  }

  /** `[b n]`: number of real tokens before each of this stream's own. Unreal tokens do not advance it. */
  get positions(): SymbolicArray<"b n", "int32"> {
    return slice(realPositions(this.isReal), "n", this.start, this.start + this.length);
  }

  /** Own tokens as queries, own and earlier tokens as keys. */
  get pattern(): AttentionPattern {
    const blocks = this.#blocks();
    const total = blocks.length;
    const bits = new Uint8Array(this.length * total);
    for (let query = 0; query < this.length; query++)
      for (let key = 0; key < total; key++)
        bits[query * total + key] = blocks[key]! <= blocks[this.start + query]! ? 1 : 0;
    const sight = constant(new HostArray("q k", [this.length, total], "bool", bits));
    const real = this.isReal;
    const form = { axes: "b q k", shape: [this.#rows, this.length, total], type: "bool" } as const;
    const keys = alignAny(rename(real, "n", "k"), form);
    const queries = alignAny(rename(slice(real, "n", this.start, total), "n", "q"), form);
    return AttentionPattern.made(and(and(alignAny(sight, form), keys), queries));
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
