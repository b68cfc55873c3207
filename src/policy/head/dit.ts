import type { SymbolicArray } from "../../graph/array.ts";
import { silu } from "../../graph/op/activation.ts";
import { add } from "../../graph/op/elementwise.ts";
import { rename } from "../../graph/op/shape.ts";
import { attend } from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { plainMlp } from "../../nn/mlp.ts";
import { conditionedNorm, plainNorm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { AttentionPattern } from "../../nn/pattern.ts";
import type { SymbolicValidity } from "../../validity/symbolic.ts";
import type { DitSize } from "../size.ts";
import type { TokenStream } from "../stream.ts";

/** Tokens that a transformer reads by cross-attention. */
export interface Surroundings {
  /** `[b n e]`, of any width. */
  readonly tokens: SymbolicArray<"b n e">;
  readonly real: SymbolicValidity<"b n">;
  /** Which of them each of the transformer's own tokens may read. */
  readonly pattern: AttentionPattern;
}

/**
 * A diffusion transformer over a stream: even blocks read the surroundings, odd ones the stream itself.
 *
 * @param condition `[b e]`: scales and shifts every norm before attention, and the last
 * @returns `[b n e]`, `size.output` wide
 * @source GR00T `cross_attention_dit.py` `DiT` with `interleave_self_attention`
 */
export function passDit(
  scope: Scope,
  size: DitSize,
  stream: TokenStream,
  { surroundings, condition }: { readonly surroundings: Surroundings; readonly condition: SymbolicArray<"b e"> },
): SymbolicArray<"b n e"> {
  const { real } = stream;
  const bent = silu(condition);
  let tokens = stream.tokens;
  for (let block = 0; block < size.layers; block++) {
    const inside = scope.in(`block.${block}`);
    const normed = conditionedNorm(inside.in("norm.attention"), tokens, bent, { order: "scale-shift", epsilon });
    const asking = inside.hidden(normed, real);
    const around = inside.hidden(surroundings.tokens, surroundings.real);
    const asked = block % 2 === 0 ? { ...surroundings, tokens: around } : { tokens: asking, pattern: stream.pattern };
    const seen = inside.watch("attention", add(tokens, attention(inside, size, asking, asked)), real);
    tokens = inside.watch("mlp", add(seen, plainMlp(inside.in("mlp"), plainNorm(seen, epsilon), size.mlp)), real);
  }
  const last = conditionedNorm(scope.in("norm"), tokens, bent, { order: "shift-scale", epsilon: 1e-6 });
  return linear(scope.in("out"), last, { from: "e", to: "e", sizes: [size.output], bias: "zero", initial: "fan-in" });
}

/** Of every norm but the last. */
const epsilon = 1e-5;

function attention(
  scope: Scope,
  { heads, headWidth, width }: DitSize,
  asking: SymbolicArray<"b n e">,
  asked: Pick<Surroundings, "tokens" | "pattern">,
): SymbolicArray<"b n e"> {
  const wide = { from: "e", sizes: [heads, headWidth], bias: "zero", initial: "fan-in" } as const;
  const queries = linear(scope.in("query"), rename(asking, "n", "q"), { ...wide, to: "a f" });
  const read = (name: string) =>
    asked.pattern.layOut([linear(scope.in(name), rename(asked.tokens, "n", "k"), { ...wide, to: "g f" })]);
  const [keys, values] = [read("key"), read("value")];
  return linear(scope.in("out"), rename(attend(queries, keys, values, asked.pattern), "q", "n"), {
    from: "a f",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: "fan-in",
  });
}
