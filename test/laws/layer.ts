import { constant, input } from "../../src/graph/array.ts";
import { alignAny } from "../../src/graph/op/align.ts";
import { multiply } from "../../src/graph/op/elementwise.ts";
import { select } from "../../src/graph/op/select.ts";
import { floats } from "../../src/graph/testing/evaluate.ts";
import { type LayerForm, transformerLayer } from "../../src/nn/layer.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { randomWeights } from "../../src/nn/testing/random-weights.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, graphOf, type Inputs, type Subject, type Traced } from "./subject.ts";

const [b, n, width, conditionWidth] = [3, 5, 8, 3];
const rounding = { relative: 1e-5, absolute: 2e-6, because: "float32 sums over more keys, then two norms" };
const adaptive = { kind: "adaptive-rms", epsilon: 1e-6 } as const;
const rms = { kind: "rms", weight: "offset", epsilon: 1e-6 } as const;

/** With choices that no row of the product makes. */
const form: LayerForm = {
  choice: {
    norms: { attention: adaptive, mlp: adaptive, added: rms, queryKey: rms },
    mlp: { kind: "gated", activation: "silu" },
    bias: "none",
  },
  size: { width, mlp: 12, heads: 2, keyHeads: 1, headWidth: 4 },
};

/** A transformer layer over a stream of tokens of which some do not exist. */
export function layer(keys: "real" | "every"): Subject {
  const real = [1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0];
  return {
    given: argumentsOf({ tokens: ["b n e", [b, n, width]] }, { real: ["b n", [b, n], real] }),
    signature: {
      real: { tokens: "real" },
      unreal: "finite",
      grows: { n: rounding, b: rounding },
      rows: rounding,
      horizon: null,
    },
    run: graphOf((inputs) => traced(Scope.root(Rules.all), inputs, keys), weights()),
  };
}

function traced(scope: Scope, inputs: Inputs, keys: "real" | "every"): Traced {
  const tokens = inputs.value("tokens", "b n e");
  const [rows = 0, length = 0] = tokens.shape;
  const real = SymbolicValidity.input("real", "b n", [rows, length]);
  const segment = { name: "prompt", sight: "within", tokens: SymbolicPadded.of(tokens, real), keys } as const;
  const stream = TokenStream.of(scope, [segment]);
  const { positions } = stream;
  const rotation = { positions, limit: length, base: 10 };
  const time = Float32Array.from({ length: rows * conditionWidth }, (_, at) => Math.sin(at % conditionWidth));
  const condition = constant(floats("float32", "b e", [rows, conditionWidth], time));
  const output = transformerLayer(
    scope,
    form,
    { tokens, real, condition },
    { kind: "joint", pattern: stream.windowed(2), before: null, rotation },
  ).tokens;
  return {
    outputs: { output: select(alignAny(real.isReal, output), multiply(output, output), 0) },
    by: { tokens },
  };
}

/** Of a layer of that form, whatever goes through it. */
function weights() {
  const scope = Scope.root(Rules.all);
  const value: Inputs["value"] = (name, axes) => input(name, axes, [b, n, width], "float32");
  traced(scope, { value, mask: (name, axes) => input(name, axes, [b, n], "bool") }, "real");
  return randomWeights(scope.parameters, 1);
}
