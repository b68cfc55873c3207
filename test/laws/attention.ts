import { constant } from "../../src/graph/array.ts";
import { alignAny } from "../../src/graph/op/align.ts";
import { multiply } from "../../src/graph/op/elementwise.ts";
import { select } from "../../src/graph/op/select.ts";
import { rename } from "../../src/graph/op/shape.ts";
import { floats } from "../../src/graph/testing/evaluate.ts";
import { attend } from "../../src/nn/attention.ts";
import { Scope } from "../../src/nn/parameter.ts";
import type { Sight } from "../../src/policy/segment.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, graphOf, type Inputs, type LawsOf, type Subject, type Traced } from "./subject.ts";

const [b, n, a, f] = [3, 5, 2, 4];
const rounding = { relative: 2e-6, absolute: 1e-7, because: "float32 sums over more keys" };

const states = {
  queries: ["b n a f", [b, n, a, f]],
  keys: ["b n a f", [b, n, a, f]],
  values: ["b n a f", [b, n, a, f]],
} as const;

/** Self-attention over a stream of tokens of which some do not exist; the pattern is the stream's own. */
export function attention(keys: "real" | "every"): Subject {
  return {
    given: argumentsOf(states, { real: ["b n", [b, n], [1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0]] }),
    signature: {
      real: { queries: "real", keys: "real", values: "real" },
      unreal: "finite",
      grows: { n: rounding, b: rounding },
      rows: rounding,
      horizon: null,
    },
    run: graphOf((inputs) => {
      const real = SymbolicValidity.input("real", "b n", inputs.value("keys", "b n a f").shape.slice(0, 2));
      return readBy(inputs, { real, keys, sight: "within", compared: real });
    }, new Map()),
  };
}

/**
 * Attention among the steps of an action, of which the first exist: those alone are compared.
 *
 * @param keys which steps may be read, by those that come after them at least
 */
export function stepAttention(sight: "causal" | "within", keys: "real" | "every"): Subject {
  const bits = [1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0];
  return {
    given: argumentsOf(states, { real: ["b n", [b, n], bits], taught: ["b n", [b, n], bits] }),
    signature: {
      real: { queries: "real", keys: "real", values: "real" },
      unreal: "finite",
      grows: { n: rounding, b: rounding },
      rows: rounding,
      horizon: "real",
    },
    run: graphOf((inputs) => {
      const shape = inputs.value("keys", "b n a f").shape.slice(0, 2);
      const real = SymbolicValidity.input("real", "b n", shape);
      const compared = SymbolicValidity.input("taught", "b n", shape);
      return readBy(inputs, { real, keys, sight, compared });
    }, new Map()),
  };
}

interface Reading {
  readonly real: SymbolicValidity<"b n">;
  readonly keys: "real" | "every";
  readonly sight: Sight;
  /** Of which tokens outputs are compared. */
  readonly compared: SymbolicValidity<"b n">;
}

/** What the tokens of a stream read of each other, squared. */
function readBy(inputs: Inputs, { real, keys, sight, compared }: Reading): Traced {
  const array = (name: string) => inputs.value(name, "b n a f");
  const [rows = 0, length = 0] = real.isReal.shape;
  const tokens = constant(floats("float32", "b n e", [rows, length, 1], new Float32Array(rows * length)));
  const segment = { name: "prompt", sight, tokens: SymbolicPadded.of(tokens, real), keys } as const;
  const stream = TokenStream.of(Scope.root(Rules.all), [segment]);
  const asKeys = (name: string) => rename(rename(array(name), "n", "k"), "a", "g");
  const output = rename(
    attend(rename(array("queries"), "n", "q"), asKeys("keys"), asKeys("values"), stream.pattern),
    "q",
    "n",
  );
  const outputs = { read: select(alignAny(compared.isReal, output), multiply(output, output), 0) };
  return { outputs, by: { queries: array("queries"), keys: array("keys"), values: array("values") } };
}

export const attentionLaws: LawsOf<typeof import("../../src/nn/attention.ts")> = { attend: attention("real") };
