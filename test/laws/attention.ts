import { constant } from "../../src/graph/array.ts";
import { alignAny } from "../../src/graph/op/align.ts";
import { multiply } from "../../src/graph/op/elementwise.ts";
import { select } from "../../src/graph/op/select.ts";
import { rename } from "../../src/graph/op/shape.ts";
import { floats } from "../../src/graph/testing/evaluate.ts";
import { attend } from "../../src/nn/attention.ts";
import { everyToken, TokenStream } from "../../src/policy/stream.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, graphOf, type LawsOf, type Subject } from "./subject.ts";

const [b, n, a, f] = [3, 5, 2, 4];
const rounding = { relative: 2e-6, absolute: 1e-7, because: "float32 sums over more keys" };

/** Self-attention over a stream of tokens of which some do not exist; the pattern is the stream's own. */
export function attention(keys: "real" | "every"): Subject {
  return {
    given: argumentsOf(
      { queries: ["b n a f", [b, n, a, f]], keys: ["b n a f", [b, n, a, f]], values: ["b n a f", [b, n, a, f]] },
      { real: ["b n", [b, n], [1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0]] },
    ),
    signature: {
      real: { queries: "real", keys: "real", values: "real" },
      unreal: "finite",
      grows: { n: rounding, b: rounding },
      rows: rounding,
    },
    run: graphOf((inputs) => {
      const states = (name: string) => inputs.value(name, "b n a f");
      const real = SymbolicValidity.input("real", "b n", states("keys").shape.slice(0, 2));
      const tokens = constant(
        floats(
          "float32",
          "b n e",
          [...real.isReal.shape, 1],
          new Float32Array(real.isReal.shape[0]! * real.isReal.shape[1]!),
        ),
      );
      const shown = keys === "real" ? real : everyToken(tokens);
      const stream = TokenStream.of([
        { name: "tokens", sight: "within", tokens: SymbolicPadded.of(tokens, real), keys: shown },
      ]);
      const asKeys = (name: string) => rename(rename(states(name), "n", "k"), "a", "g");
      const read = rename(
        attend(rename(states("queries"), "n", "q"), asKeys("keys"), asKeys("values"), stream.pattern),
        "q",
        "n",
      );
      const exists = alignAny(real.isReal, read);
      const outputs = { read: select(exists, multiply(read, read), 0) };
      return { outputs, by: { queries: states("queries"), keys: states("keys"), values: states("values") } };
    }, new Map()),
  };
}

export const attentionLaws: LawsOf<typeof import("../../src/nn/attention.ts")> = { attend: attention("real") };
