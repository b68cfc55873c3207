import { constant, type SymbolicArray } from "../../src/graph/array.ts";
import { alignAny } from "../../src/graph/op/align.ts";
import { square, tanh } from "../../src/graph/op/elementwise.ts";
import { select } from "../../src/graph/op/select.ts";
import { concat, rename, slice } from "../../src/graph/op/shape.ts";
import { floats } from "../../src/graph/testing/evaluate.ts";
import { attend } from "../../src/nn/attention.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import type { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, graphOf, type Inputs, type Subject, type Traced } from "./subject.ts";

const [b, n, t, a, f] = [3, 4, 5, 2, 4];
const rounding = { relative: 2e-6, absolute: 1e-7, because: "float32 sums over more keys" };
const steps = [1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0];

/**
 * What a stream of a prompt and the causal steps of an action reads of itself, the prompt causally under a window; each token is query,
 * key and value, bounded as by a norm.
 */
export function promptAndActions(rules: Rules, window: number | "none"): Subject {
  return {
    given: argumentsOf(
      { prompt: ["b n a f", [b, n, a, f]], actions: ["b t a f", [b, t, a, f]] },
      {
        tokenReal: ["b n", [b, n], [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0]],
        stepReal: ["b t", [b, t], steps],
        taught: ["b t", [b, t], steps],
      },
    ),
    signature: {
      real: { prompt: "tokenReal", actions: "stepReal" },
      unreal: "finite",
      grows: { n: rounding, t: rounding, b: rounding },
      rows: rounding,
      horizon: "stepReal",
    },
    run: graphOf((inputs) => traced(rules, window, inputs), new Map()),
  };
}

function traced(rules: Rules, window: number | "none", inputs: Inputs): Traced {
  const [prompt, actions] = [inputs.value("prompt", "b n a f"), inputs.value("actions", "b t a f")];
  const [rows = 0, length = 0, horizon = 0] = [...prompt.shape.slice(0, 2), actions.shape[1]!];
  const tokenReal = SymbolicValidity.input("tokenReal", "b n", [rows, length]);
  const stepReal = SymbolicValidity.input("stepReal", "b t", [rows, horizon]);
  const stream = TokenStream.of(Scope.root(rules), [
    { name: "prompt", sight: window === "none" ? "within" : "causal", keys: "real", tokens: withoutContent(tokenReal) },
    {
      name: "actions",
      sight: "causal",
      keys: "real",
      tokens: withoutContent(stepReal.reshaped((bits) => rename(bits, "t", "n"))),
    },
  ]);
  const pattern = window === "none" ? stream.pattern : stream.windowed(window);
  const whole = tanh(concat("n", [prompt, rename(actions, "t", "n")]));
  const asKeys = rename(rename(whole, "n", "k"), "a", "g");
  const read = square(rename(attend(rename(whole, "n", "q"), asKeys, asKeys, pattern), "q", "n"));
  const ofPrompt = slice(read, "n", 0, length);
  const ofActions = rename(slice(read, "n", length, length + horizon), "n", "t");
  const taught = inputs.mask("taught", "b t");
  return {
    outputs: {
      "read by the prompt": select(alignAny(tokenReal.isReal, ofPrompt), ofPrompt, 0),
      "read by actions": select(alignAny(taught, ofActions), ofActions, 0),
    },
    by: { prompt, actions },
  };
}

/** Tokens of which the stream needs to know the places alone. */
export function withoutContent(real: SymbolicValidity<"b n">): SymbolicPadded<"b n e", "float32", "b n"> {
  const [rows = 0, length = 0] = real.isReal.shape;
  const tokens: SymbolicArray<"b n e"> = constant(
    floats("float32", "b n e", [rows, length, 1], new Float32Array(rows * length)),
  );
  return SymbolicPadded.of(tokens, real);
}
