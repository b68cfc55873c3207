import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { axisPositions, type Positions, realPositions } from "../graph/op/rope.ts";
import { and } from "../graph/op/select.ts";
import { concat, rename, slice } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { AttentionPattern } from "../nn/pattern.ts";
import type { Rules } from "../validity/rules.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { placesInGrids, type TokenRun } from "./place.ts";
import { isWithin, mayRead } from "./reading.ts";
import { keyRules, type Segment, type Sight, slotKeys, type Tokens, type TokensOf } from "./segment.ts";

/** How the tokens of a stream lie beside what stands in it. */
interface Layout {
  /** Places behind the last token at which nothing stands. */
  readonly emptyPlaces: number;
  /** Side of the square that the tokens of a picture are, where they stand in rows and columns. */
  readonly grid: number | "none";
}

/** A segment under the rules that hold: how its tokens see each other, and which of them may be read. */
interface RuledSegment {
  readonly name: string;
  readonly tokens: Tokens;
  readonly sight: Sight;
  readonly parts: number;
  readonly keys: SymbolicValidity<"b n">;
}

/** Whether what an action step computes leaves open how many come after it. */
export function readsEarlierOnly(rules: Rules, actionSight: "causal" | "both"): boolean {
  return actionSight === "causal" && rules.keeps("step-order");
}

/**
 * Actions are the last segment, so a causal step of theirs reads earlier ones alone, which exist where it does: nothing has to be
 * hidden from it, and nothing tells it where the episode ends.
 */
function ruled({ name, tokens, sight, keys, parts = 1 }: Segment, rules: Rules): RuledSegment {
  const every = () => SymbolicValidity.complete("b n", tokens.valid.isReal.shape);
  // The last segment as well, and causal: a token that exists reads earlier ones alone, which exist where it does.
  // Places of an answer of which some are still empty: whatever rule holds, there is nothing in those.
  if (name === "said") return { name, tokens, sight, parts, keys: tokens.valid };
  if (name === "answer") return { name, tokens, sight, parts, keys: every() };
  const isOfSteps = name === "actions" && sight === "causal";
  if (isOfSteps && readsEarlierOnly(rules, sight)) return { name, tokens, sight, parts, keys: every() };
  const rule = keyRules[name];
  const readable = keys !== "every" && rule !== null && rules.keeps(rule) ? keys : every();
  const own = readable === "real" ? tokens.valid : readable;
  return { name, tokens, sight: isOfSteps ? "within" : sight, parts, keys: own };
}

/**
 * Segments laid end to end: tokens, validity, positions and sight travel as one value.
 *
 * The one place that hides keys: what may not be read is decided here, under the rules that hold, and what goes in is watched.
 * A stream may continue another (`continuedBy`): the action expert's tokens read the keys of the prefix.
 */
export class TokenStream {
  readonly #segments: readonly RuledSegment[];
  readonly #rules: Rules;
  readonly #after: TokenStream | null;
  readonly #layout: Layout;

  private constructor(segments: readonly RuledSegment[], rules: Rules, after: TokenStream | null, layout: Layout) {
    const [first] = segments;
    if (first === undefined) throw new RangeError("TokenStream: expected at least one segment, got none");
    for (const segment of segments)
      if (rowsOf(segment) !== rowsOf(first))
        throw new RangeError(
          `TokenStream: segment "${segment.name}" has ${rowsOf(segment)} rows, expected ${rowsOf(first)}`,
        );
    this.#segments = segments;
    this.#rules = rules;
    this.#after = after;
    this.#layout = layout;
  }

  static of(scope: Scope, segments: readonly Segment[]): TokenStream {
    return TokenStream.#of(scope, segments, null);
  }

  /** A stream whose tokens stand after those of this one. */
  continuedBy(scope: Scope, segments: readonly Segment[]): TokenStream {
    return TokenStream.#of(scope, segments, this);
  }

  static #of(scope: Scope, segments: readonly Segment[], after: TokenStream | null): TokenStream {
    for (const { name, tokens } of segments) tokens.read((values, valid) => scope.watch(name, values, valid));
    return new TokenStream(
      segments.map((segment) => ruled(segment, scope.rules)),
      scope.rules,
      after,
      { emptyPlaces: 0, grid: after === null ? "none" : after.#layout.grid },
    );
  }

  /**
   * The same tokens with so many empty places behind them: of a longer stream the first ones, which sum over as many keys as there.
   * What continues it knows nothing of them.
   *
   * @throws RangeError where the last tokens would read what stood there
   */
  withEmptyPlaces(count: number): TokenStream {
    const last = this.#segments.at(-1)!;
    if (count > 0 && last.sight !== "causal")
      throw new RangeError(
        `withEmptyPlaces: expected causal tokens in front of them, got "${last.name}" ${last.sight}`,
      );
    return new TokenStream(this.#segments, this.#rules, this.#after, { ...this.#layout, emptyPlaces: count });
  }

  /**
   * The same tokens along three axes: those of a picture, which are a square of `side` times `side`, stand at one place in time, at their
   * row and at their column. What continues the stream goes on behind them.
   */
  withPictureGrids(side: number): TokenStream {
    return new TokenStream(this.#segments, this.#rules, this.#after, { ...this.#layout, grid: side });
  }

  /**
   * Its first segments, as many as hold, and the others as a stream that continues them; `null` where none of either are left, or the
   * first ones would read what comes behind them.
   */
  dividedWhile(
    holds: (tokens: SymbolicArray<"b n e">) => boolean,
  ): { readonly first: TokenStream; readonly rest: TokenStream } | null {
    const end = this.#segments.findIndex(({ tokens }) => !tokens.read((values) => holds(values)));
    if (end <= 0 || this.#segments[end]!.sight === "joins-previous") return null;
    const { emptyPlaces, grid } = this.#layout;
    const first = new TokenStream(this.#segments.slice(0, end), this.#rules, this.#after, { emptyPlaces: 0, grid });
    return { first, rest: new TokenStream(this.#segments.slice(end), this.#rules, first, { emptyPlaces, grid }) };
  }

  /** A pattern of `rows` sequences in which every query reads every key: each sequence is real as a whole or never read. */
  static readonly wholeRows: AttentionPattern = AttentionPattern.made(null);

  /** All tokens, unreal ones as they came; attention and losses do not read them. */
  get tokens(): SymbolicArray<"b n e"> {
    return concat(
      "n",
      this.#segments.map((segment) => segment.tokens.read((values) => values)),
    );
  }

  /** How many tokens stand before this stream's first. */
  get start(): number {
    return this.#after === null ? 0 : this.#after.start + this.#after.length;
  }

  get length(): number {
    return this.#segments.reduce((length, { tokens }) => length + lengthOf(tokens), 0);
  }

  /** Where the tokens of one of this stream's own segments stand, from its first. @throws RangeError where it has no such segment */
  spanOf(name: Segment["name"]): { readonly start: number; readonly end: number } {
    const at = this.#segments.findIndex((segment) => segment.name === name);
    if (at < 0) throw new RangeError(`spanOf: expected a segment "${name}", got none`);
    const start = this.#segments.slice(0, at).reduce((length, { tokens }) => length + lengthOf(tokens), 0);
    return { start, end: start + lengthOf(this.#segments[at]!.tokens) };
  }

  /** Which of this stream's own tokens exist. */
  get real(): SymbolicValidity<"b n"> {
    const [first, ...rest] = this.#segments.map(({ tokens }) => tokens.valid);
    return first!.reshaped((bits) => concat("n", [bits, ...rest.map(({ isReal }) => isReal)]));
  }

  /** Where each of this stream's own tokens stands: what real tokens before it advance by. Unreal tokens do not. */
  get positions(): Positions {
    const { grid } = this.#layout;
    const own = <A extends string>(all: SymbolicArray<A, "int32">) =>
      slice(all, "n", this.start, this.start + this.length);
    return grid === "none" ? own(this.#places()) : own(axisPositions(this.#keys(), placesInGrids(this.#runs(), grid)));
  }

  /** `[b n]`: the same, of this stream's own tokens alone: its first stands at 0. */
  get ownPositions(): SymbolicArray<"b n", "int32"> {
    return realPositions(slice(this.#keys(), "n", this.start, this.start + this.length));
  }

  /** Own tokens as queries, own and earlier tokens as keys. */
  get pattern(): AttentionPattern {
    return TokenStream.#patternOf(this.#blocks(), this.#keys(), this.start).withEmptyKeys(this.#layout.emptyPlaces);
  }

  /** Own tokens as queries, those of the streams that this one continues as keys. @throws RangeError where it continues none */
  get patternOfEarlier(): AttentionPattern {
    if (this.#after === null)
      throw new RangeError("patternOfEarlier: expected a stream that continues another, got none");
    return AttentionPattern.made(slice(mayRead(this.#blocks(), this.#keys(), this.start), "k", 0, this.start));
  }

  /**
   * The pattern of a layer that looks back over a sliding window: of earlier blocks, a query reads the keys that stand less than
   * `window` before it, of its own block all. What stands between two tokens is counted in tokens that exist, as positions are.
   *
   * @throws RangeError if the window holds not even the token itself
   * @source transformers `masking_utils.py` `sliding_window_overlay`, `modeling_gemma3.py` `create_causal_mask_mapping`
   */
  windowed(window: number): AttentionPattern {
    if (!Number.isInteger(window) || window < 1)
      throw new RangeError(`windowed: expected a whole number of tokens from 1, got ${window}`);
    const [blocks, keys] = [this.#blocks(), this.#keys()];
    const near = and(mayRead(blocks, keys, this.start), isWithin(window, blocks, this.#places(), this.start));
    return AttentionPattern.made(near).withEmptyKeys(this.#layout.emptyPlaces);
  }

  /**
   * Observation slots as tokens: each from the place `from` on reads itself and those before it, of those that exist.
   *
   * @param real `[b n]`, by slot
   */
  static overTime(scope: Scope, real: SymbolicValidity<"b n">, from: number): AttentionPattern {
    const { isReal } = slotKeys(scope, real);
    return TokenStream.#patternOf([...Array(isReal.shape[1] ?? 0).keys()], isReal, from);
  }

  static #patternOf(blocks: readonly number[], readable: SymbolicArray<"b n", "bool">, from: number): AttentionPattern {
    return AttentionPattern.made(mayRead(blocks, readable, from));
  }

  /**
   * Own tokens as queries, the tokens of another stream as keys, wherever they stand.
   *
   * @param keys "real": those that exist; "every": also those that do not, where weights were trained so
   * @param of what the keys are made of
   */
  across(other: TokenStream, keys: "real" | "every", of: TokensOf): AttentionPattern {
    const shape = [rowsOf(this.#segments[0]!), this.length, other.length];
    const form = { axes: "b q k", shape, type: "bool" } as const;
    const queries = alignAny(rename(slice(this.#keys(), "n", this.start, this.start + this.length), "n", "q"), form);
    const isHidden = keys === "real" && this.#rules.keeps("cross-attention-keys");
    const real = isHidden ? [alignAny(rename(other.real.isReal, "n", "k"), form)] : [];
    const made = of === "all" ? [] : [alignAny(other.#madeOf(of), form)];
    return AttentionPattern.made([...real, ...made].reduce((seen, keys) => and(seen, keys), queries));
  }

  /**
   * Own tokens as queries and as keys, whatever the sight of their segments: what a head has the backbone's tokens read of each other.
   *
   * @param keys as of `across`
   */
  among(keys: "real" | "every"): AttentionPattern {
    const isHidden = keys === "real" && this.#rules.keeps("cross-attention-keys");
    if (!isHidden) return TokenStream.wholeRows;
    return TokenStream.#patternOf(Array<number>(this.length).fill(0), this.real.isReal, 0);
  }

  /** `[k]`: which of this stream's own tokens are made of pictures, or are not. */
  #madeOf(of: Exclude<TokensOf, "all">): SymbolicArray<"k", "bool"> {
    const bits = this.#segments.flatMap(({ name, tokens }) =>
      Array<number>(lengthOf(tokens)).fill((name === "pictures") === (of === "pictures") ? 1 : 0),
    );
    return constant(new HostArray("k", [bits.length], "bool", Uint8Array.from(bits)));
  }

  /** `[b n]`: number of real tokens before each of the stream, and of those before it. */
  #places(): SymbolicArray<"b n", "int32"> {
    return realPositions(this.#keys());
  }

  /** `[b n]`: which tokens of the stream, and of those before it, may be read. */
  #keys(): SymbolicArray<"b n", "bool"> {
    const own = this.#segments.map(({ keys }) => keys.isReal);
    return concat("n", this.#after === null ? own : [this.#after.#keys(), ...own]);
  }

  /** What each segment is made of, and its tokens, earlier streams first. */
  #runs(): TokenRun[] {
    const own = this.#segments.map(({ name, tokens }) => ({ name, length: lengthOf(tokens) }));
    return this.#after === null ? own : [...this.#after.#runs(), ...own];
  }

  /** Block of each token, earlier streams first: a query reads keys of its own block and of earlier ones. */
  #blocks(): number[] {
    const blocks = this.#after === null ? [] : this.#after.#blocks();
    for (const { tokens, sight, parts } of this.#segments)
      for (let at = 0; at < lengthOf(tokens); at++) {
        const last = blocks.at(-1) ?? -1;
        const isFirst = at % (lengthOf(tokens) / parts) === 0;
        const opens = last < 0 || sight === "causal" || (sight === "within" && isFirst);
        blocks.push(opens ? last + 1 : last);
      }
    return blocks;
  }
}

function lengthOf(tokens: Tokens): number {
  return tokens.valid.isReal.shape[1] ?? 0;
}

function rowsOf({ tokens }: Pick<Segment, "tokens">): number {
  return tokens.valid.isReal.shape[0] ?? 0;
}
