import { constant, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { loopAll } from "../graph/op/loop.ts";
import { cast, equal, less, not, or, select, where } from "../graph/op/select.ts";
import { concat, merge, rename, slice, split } from "../graph/op/shape.ts";
import type { KeyValue } from "../nn/layer.ts";
import type { Scope } from "../nn/parameter.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { runAnswer, type Speaker, tokenScores } from "./answer.ts";
import { type Choosing, chosenToken } from "./choose.ts";
import type { Perceived } from "./head/perceived.ts";
import type { TokensChoice } from "./objective-choice.ts";
import { embedded } from "./prefix.ts";

/** How an answer is said. */
export interface Saying {
  /** The token that is read first, `[b]`: what is said follows it. */
  readonly first: SymbolicArray<"b", "int32">;
  /** The token after which nothing more is listened to: once every row has said it, the rest stays 0. */
  readonly end: SymbolicArray<"", "int32">;
  /** How many tokens are said at most. */
  readonly steps: number;
  /** Which token follows, of those that are thought likely: numbers for chances are one for each of `steps`. */
  readonly choosing: Choosing;
}

/** What is carried from one token to the next: said so far, whether its end was among it, read next, keys and values by layer. */
type Carried = readonly [
  said: SymbolicArray<"b n">,
  ended: SymbolicArray<"b", "bool">,
  next: SymbolicArray<"b", "int32">,
  ...cache: SymbolicArray<"b k g f">[],
];

/**
 * An answer token by token, each chosen behind those before it: `[b n]`, tokens.
 *
 * One loop of the program, with the keys and values of what was perceived and of what was said: each turn runs one token.
 *
 * @source LeRobot `modeling_pi0_fast.py` `sample_actions_fast_kv_cache`
 */
export function decodeAnswer(
  scope: Scope,
  form: Speaker & Pick<TokensChoice, "scores">,
  perceived: Perceived,
  { first, end, steps, choosing }: Saying,
): SymbolicArray<"b n", "int32"> {
  const rows = sizeOf(first, "b");
  const start: Carried = [
    constant(zeros("b n", [rows, steps], "float32")),
    constant(zeros("b", [rows], "bool")),
    first,
    ...emptyCache(perceived.cache, steps),
  ];
  const [said] = loopAll(start, placesOf(steps), ([before, ended, next, ...cache], row) => {
    const here = cast(slice(row, "n", 0, steps), "bool");
    const earlier = cast(slice(row, "n", steps, 2 * steps), "bool");
    const own = atTurn(choosing, here);
    const turn = sayNext(scope, form, perceived, { token: next, cache, earlier, choosing: own });
    const token = alignTo(cast(turn.token, "float32"), before);
    const hasEnded = or(ended, equal(turn.token, alignTo(end, turn.token)));
    const carried: Carried = [
      where(alignTo(here, asBits(before)), token, before),
      hasEnded,
      turn.token,
      ...turn.own.map((made, at) => written(cache[at]!, made, here)),
    ];
    return { carried, goesOn: anyOf(not(hasEnded)) };
  });
  return cast(said, "int32");
}

/** `[i n]`: for each turn its own place among those of the answer, then all places before it. */
function placesOf(steps: number): HostArray<"i n"> {
  const cells = Float32Array.from({ length: steps * 2 * steps }, (_, at) => {
    const [turn, place] = [Math.floor(at / (2 * steps)), at % (2 * steps)];
    return place < steps ? Number(place === turn) : Number(place - steps < turn);
  });
  return new HostArray("i n", [steps, 2 * steps], "float32", cells);
}

/** Room for the keys and the values of an answer: of each layer one after the other. */
function emptyCache(perceived: readonly KeyValue[], steps: number): SymbolicArray<"b k g f">[] {
  return perceived.flatMap(({ keys }) => {
    const [b = 0, , g = 0, f = 0] = keys.shape;
    const empty = constant(zeros("b k g f", [b, steps, g, f], "float32"));
    return [empty, empty];
  });
}

interface Reading {
  readonly token: SymbolicArray<"b", "int32">;
  readonly cache: readonly SymbolicArray<"b k g f">[];
  /** `[n]`: places of the answer that stand before the token. */
  readonly earlier: SymbolicArray<"n", "bool">;
  readonly choosing: Choosing<"b">;
}

/** How the token of a turn is chosen, whose place is the one of `[n]`. */
function atTurn(choosing: Choosing, here: SymbolicArray<"n", "bool">): Choosing<"b"> {
  if (choosing.kind === "likeliest") return choosing;
  const { chances } = choosing;
  return { ...choosing, chances: sum(select(alignTo(here, asBits(chances)), chances, 0), "b") };
}

/** The token behind one that is read, and that one's keys and values. */
function sayNext(
  scope: Scope,
  form: Speaker & Pick<TokensChoice, "scores">,
  perceived: Perceived,
  { token, cache, earlier, choosing }: Reading,
) {
  const rows = sizeOf(token, "b");
  const steps = sizeOf(earlier, "n");
  const read = embedded(scope, form, split(token, "b", "b n", [rows, 1]));
  const one = SymbolicPadded.of(read, SymbolicValidity.complete("b n", [rows, 1]));
  const isSaid = SymbolicValidity.complete("b n", [rows, steps]).reshaped((bits) => alignTo(earlier, bits));
  const nothing = constant(zeros("b n e", [rows, steps, sizeOf(read, "e")], "float32"));
  const stream = perceived.stream
    .continuedBy(scope, [{ name: "said", tokens: SymbolicPadded.of(nothing, isSaid), keys: "real", sight: "causal" }])
    .continuedBy(scope, [{ name: "answer", tokens: one, keys: "real", sight: "causal" }]);
  const before = perceived.cache.map(({ keys, values }, layer) => ({
    keys: concat("k", [keys, cache[2 * layer]!]),
    values: concat("k", [values, cache[2 * layer + 1]!]),
  }));
  const { tokens, cache: own } = runAnswer(scope, form, { stream, before });
  const scores = merge(tokenScores(scope, form, form, tokens), "b n", "b");
  return { token: chosenToken(scores, choosing), own: own.flatMap(({ keys, values }) => [keys, values]) };
}

/** A cache with what was made of one token, `[b k g f]` of one key, at its place `[n]`. */
function written(
  cache: SymbolicArray<"b k g f">,
  made: SymbolicArray<"b k g f">,
  here: SymbolicArray<"n", "bool">,
): SymbolicArray<"b k g f"> {
  const place = alignTo(rename(here, "n", "k"), asBits(cache));
  return where(place, alignTo(merge(made, "k g", "g"), cache), cache);
}

function asBits<A extends string>({ axes, shape }: SymbolicArray<A>) {
  return { axes, shape, type: "bool" } as const;
}

function anyOf(bits: SymbolicArray<"b", "bool">): SymbolicArray<"", "bool"> {
  const none = constant(zeros("", [], "float32"));
  return less(none, sum(cast(bits, "float32"), ""));
}
