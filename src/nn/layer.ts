import { asBlock, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { attentionWithoutGradient } from "../graph/op/attention.ts";
import { add, multiply } from "../graph/op/elementwise.ts";
import { type Positions, rope } from "../graph/op/rope.ts";
import { merge, rename } from "../graph/op/shape.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";
import { attend } from "./attention.ts";
import { linear } from "./linear.ts";
import { type MlpChoice, mlp } from "./mlp.ts";
import { type Condition, type NormChoice, type Normed, norm, type RmsChoice, rmsNormOver } from "./norm.ts";
import type { Scope } from "./parameter.ts";
import type { AttentionPattern } from "./pattern.ts";

/** What a transformer's layers are made of. */
export interface LayerChoice {
  readonly norms: LayerNorms;
  readonly mlp: MlpChoice;
  /** Of the four projections of attention. */
  readonly bias: "zero" | "none";
}

/** Where a layer norms. */
export interface LayerNorms {
  /** Before attention, and before the feed-forward. */
  readonly attention: NormChoice;
  readonly mlp: NormChoice;
  /** Of what attention gives, and of what the feed-forward gives, before it is added to the tokens (Gemma 3). */
  readonly added: RmsChoice | "none";
  /** Of each head's queries and keys, before they are rotated (Gemma 3). */
  readonly queryKey: RmsChoice | "none";
}

export interface LayerSize {
  readonly width: number;
  readonly mlp: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly headWidth: number;
}

export interface LayerForm {
  readonly choice: LayerChoice;
  readonly size: LayerSize;
}

/** Tokens as they come to a layer. */
export interface LayerInput {
  readonly tokens: SymbolicArray<"b n e">;
  readonly real: SymbolicValidity<"b n">;
  readonly condition: Condition | null;
}

/** Keys and values of some tokens. */
export interface KeyValue {
  readonly keys: SymbolicArray<"b k g f">;
  readonly values: SymbolicArray<"b k g f">;
}

/** Queries of some tokens, keys and values of the same or of others. */
export interface Projected extends KeyValue {
  readonly queries: SymbolicArray<"b q a f">;
}

/** Where tokens stand, for queries and keys that are rotated by it. */
export interface Rotation {
  readonly positions: Positions;
  /** Past every position. */
  readonly limit: number;
  readonly base: number;
}

/**
 * What the tokens of a layer read. `joint`: each other and those before them. `cross`: the tokens of another stream. `projected`: maps of
 * the keys and values of tokens that stand before them, and nothing else.
 */
export type Context =
  | {
      readonly kind: "joint";
      readonly pattern: AttentionPattern;
      /** Keys and values of the tokens that stand before these. */
      readonly before: KeyValue | null;
      readonly rotation: Rotation | null;
    }
  | {
      readonly kind: "cross";
      readonly pattern: AttentionPattern;
      /** Of any width. */
      readonly tokens: SymbolicArray<"b n e">;
      readonly real: SymbolicValidity<"b n">;
    }
  | {
      readonly kind: "projected";
      readonly pattern: AttentionPattern;
      /** As the layer that made them reads them: keys are rotated. */
      readonly given: KeyValue;
      /** Of the queries. */
      readonly rotation: Rotation;
    };

/**
 * A pre-norm transformer layer: `y = x + attention(norm(x))`, `z = y + mlp(norm(y))`. What is added is normed once more where the layer
 * chooses so, and comes times the first norm's gate where that has one.
 *
 * @returns `z`, and the tokens' keys and values for those that come after them
 * @source openpi `gemma.py` `Block`, `siglip.py` `Encoder1DBlock`; GR00T `cross_attention_dit.py` `BasicTransformerBlock`; the norms
 *   of what is added, of queries and of keys: transformers `modeling_gemma3.py` `Gemma3DecoderLayer`, `Gemma3Attention`; `projected`:
 *   LeRobot `smolvlm_with_expert.py` `forward_cross_attn_layer`
 */
export function transformerLayer(
  scope: Scope,
  form: LayerForm,
  input: LayerInput,
  context: Context,
): { readonly tokens: SymbolicArray<"b n e">; readonly own: KeyValue } {
  return asBlock(() => {
    const { tokens: states, gate } = hiddenStates(scope, form, input);
    const { output, own } = attention(scope, form, states, context);
    return { tokens: afterAttention(scope, form, input, { output, gate }), own };
  });
}

function attention(scope: Scope, form: LayerForm, states: SymbolicArray<"b n e">, context: Context) {
  const { pattern } = context;
  const { queries, ...own } = projectedBy(scope, form, states, context);
  const before = context.kind === "joint" ? context.before : null;
  const parts: readonly KeyValue[] = before === null ? [own] : [before, own];
  const allKeys = pattern.layOut(parts.map((part) => part.keys));
  const allValues = pattern.layOut(parts.map((part) => part.values));
  const isWhole = pattern.mayRead === null && sizeOf(allKeys, "g") === sizeOf(queries, "a");
  // Other last bits than by products and softmax, three quarters of the time, and no scores in memory.
  const output =
    isWhole && scope.isStill([queries, allKeys, allValues])
      ? attentionWithoutGradient(queries, allKeys, allValues, sizeOf(queries, "f") ** -0.5)
      : attend(queries, allKeys, allValues, pattern);
  return { output, own };
}

function projectedBy(scope: Scope, form: LayerForm, states: SymbolicArray<"b n e">, context: Context): Projected {
  switch (context.kind) {
    case "joint":
      return project(scope, form, { query: states, context: states }, context.rotation);
    case "cross":
      return project(scope, form, { query: states, context: scope.hidden(context.tokens, context.real) }, null);
    case "projected":
      return {
        queries: rename(rotatedQueries(scope, form, states, context.rotation), "n", "q"),
        keys: ofGiven(scope.in("key"), form, context.given.keys),
        values: ofGiven(scope.in("value"), form, context.given.values),
      };
  }
}

/**
 * Tokens, normed, as attention is about to read them: those that do not exist hold the audit's poison, where it brings one.
 *
 * Behind the norm, not before it: a layer norm would take away what is added to a whole token.
 */
export function hiddenStates(scope: Scope, { choice }: LayerForm, { tokens, real, condition }: LayerInput): Normed {
  const { tokens: normed, gate } = norm(scope.in("norm.attention"), choice.norms.attention, tokens, condition);
  return { tokens: scope.hidden(normed, real), gate };
}

/**
 * Queries of some tokens, keys and values of those that they read.
 *
 * Weights of rotated keys have the axes `a f` of queries, others `g f`: checkpoints record the axes of their arrays.
 */
export function project(
  scope: Scope,
  form: LayerForm,
  { query, context }: { readonly query: SymbolicArray<"b n e">; readonly context: SymbolicArray<"b n e"> },
  rotation: Rotation | null,
): Projected {
  const {
    choice: { bias, norms },
    size: { heads, keyHeads, headWidth },
  } = form;
  const wide = { from: "e", bias, initial: "fan-in" } as const;
  const normed = <A extends string>(name: "query" | "key", x: SymbolicArray<A>) =>
    rmsNormWhere(scope.in(`norm.${name}`), "f", norms.queryKey, x);
  if (rotation === null) {
    const grouped = { ...wide, to: "g f", sizes: [keyHeads, headWidth] } as const;
    const rows = rename(query, "n", "q");
    return {
      queries: normed("query", linear(scope.in("query"), rows, { ...wide, to: "a f", sizes: [heads, headWidth] })),
      keys: normed("key", linear(scope.in("key"), rename(context, "n", "k"), grouped)),
      values: linear(scope.in("value"), rename(context, "n", "k"), grouped),
    };
  }
  const byHead = { ...wide, to: "a f", sizes: [keyHeads, headWidth] } as const;
  const queries = rotatedQueries(scope, form, query, rotation);
  const keys = normed("key", linear(scope.in("key"), context, byHead));
  return {
    queries: rename(queries, "n", "q"),
    keys: asKeys(rope(keys, rotation.positions, rotation)),
    values: asKeys(linear(scope.in("value"), context, byHead)),
  };
}

function rotatedQueries(
  scope: Scope,
  { choice: { bias, norms }, size: { heads, headWidth } }: LayerForm,
  states: SymbolicArray<"b n e">,
  rotation: Rotation,
): SymbolicArray<"b n a f"> {
  const byHead = { from: "e", to: "a f", sizes: [heads, headWidth], bias, initial: "fan-in" } as const;
  const queries = linear(scope.in("query"), states, byHead);
  return rope(rmsNormWhere(scope.in("norm.query"), "f", norms.queryKey, queries), rotation.positions, rotation);
}

/** Keys, or values, made of others: of all their heads at once. */
function ofGiven(
  scope: Scope,
  { choice: { bias }, size: { keyHeads, headWidth } }: LayerForm,
  given: SymbolicArray<"b k g f">,
): SymbolicArray<"b k g f"> {
  const whole = rename(merge(given, "g f", "e"), "k", "n");
  return asKeys(linear(scope, whole, { from: "e", to: "a f", sizes: [keyHeads, headWidth], bias, initial: "fan-in" }));
}

/** The rest of a layer: what attention gives is projected and added, then what the feed-forward makes of the sum. */
export function afterAttention(
  scope: Scope,
  { choice, size }: LayerForm,
  { tokens, real, condition }: LayerInput,
  { output, gate }: { readonly output: SymbolicArray<"b q a f">; readonly gate: Normed["gate"] },
): SymbolicArray<"b n e"> {
  const out = linear(scope.in("out"), rename(output, "q", "n"), {
    from: "a f",
    to: "e",
    sizes: [size.width],
    bias: choice.bias,
    initial: "fan-in",
  });
  const { added } = choice.norms;
  const read = rmsNormWhere(scope.in("norm.added.attention"), "e", added, out);
  const between = scope.watch("attention", gated(tokens, read, gate), real);
  const normed = norm(scope.in("norm.mlp"), choice.norms.mlp, between, condition);
  const wide = mlp(scope.in("mlp"), choice.mlp, normed.tokens, size.mlp);
  const made = rmsNormWhere(scope.in("norm.added.mlp"), "e", added, wide);
  return scope.watch("mlp", gated(between, made, normed.gate), real);
}

/** An array as it is, or normed over its last axis where a layer chooses so. */
function rmsNormWhere<A extends string>(
  scope: Scope,
  axis: "e" | "f",
  choice: RmsChoice | "none",
  x: SymbolicArray<A>,
): SymbolicArray<A> {
  return choice === "none" ? x : rmsNormOver(axis, scope, choice, x);
}

function gated(
  tokens: SymbolicArray<"b n e">,
  change: SymbolicArray<"b n e">,
  gate: Normed["gate"],
): SymbolicArray<"b n e"> {
  return add(tokens, gate === null ? change : multiply(change, alignTo(gate, change)));
}

function asKeys(x: SymbolicArray<"b n a f">): SymbolicArray<"b k g f"> {
  return rename(rename(x, "n", "k"), "a", "g");
}
