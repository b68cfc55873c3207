import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { embedTime } from "../../src/flow/time.ts";
import { constant, input, type SymbolicArray } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { gradient } from "../../src/graph/gradient.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { geluTanh, silu } from "../../src/graph/op/activation.ts";
import { alignTo, sum } from "../../src/graph/op/align.ts";
import { add, multiply, negate } from "../../src/graph/op/elementwise.ts";
import { gather } from "../../src/graph/op/gather.ts";
import { rope } from "../../src/graph/op/rope.ts";
import { equal, select } from "../../src/graph/op/select.ts";
import { logSoftmax } from "../../src/graph/op/softmax.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats, integers } from "../../src/graph/testing/evaluate.ts";
import { attend } from "../../src/nn/attention.ts";
import { mlp } from "../../src/nn/mlp.ts";
import { norm } from "../../src/nn/norm.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { embedPatches } from "../../src/nn/patch.ts";
import { AttentionPattern } from "../../src/nn/pattern.ts";
import { connect } from "../../src/policy/connector.ts";
import { patchPositions } from "../../src/policy/patch-position.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaValues } from "./formula.ts";

const numbers = z.array(z.number());
const made = z.object({ axes: z.string(), shape: numbers, formula: z.string(), scale: z.number(), offset: z.number() });
const found = z.object({ cells: numbers, float32Error: z.number() });
const composite = z.object({
  inputs: z.record(z.string(), made),
  given: z.record(z.string(), z.object({ axes: z.string(), shape: numbers, cells: numbers })),
  outputs: z.record(z.string(), found.extend({ axes: z.string(), shape: numbers, weight: made })),
  gradients: z.record(z.string(), found),
});
const file = z.object({ composites: z.record(z.string(), composite) });
const { composites } = file.parse(JSON.parse(readFileSync(new URL("composites.json", import.meta.url), "utf8")));

/** A composite of ours: results by the reference's names, inputs by those of the program. */
interface Ours {
  readonly outputs: Readonly<Record<string, SymbolicArray<string>>>;
  readonly inputs: Readonly<Record<string, SymbolicArray<string>>>;
  /** What the reference calls an input, where it calls it otherwise. */
  readonly theirs: Readonly<Record<string, string>>;
}

const x = <A extends string>(name: string, axes: A, shape: readonly number[]) => input(name, axes, shape, "float32");
const given = (name: string, part: string) => composites[name]!.given[part]!.cells;
/** Of the reference, as Gemma and SigLIP have it. */
const epsilon = 1e-6;
const parameters = (of: Scope) => Object.fromEntries(of.parameters.map(({ name, array }) => [name, array]));

const ours: Readonly<Record<string, () => Ours>> = {
  attention: () => {
    const query = x("query", "b q a f", [2, 3, 4, 4]);
    const [key, value] = [x("key", "b k g f", [2, 5, 2, 4]), x("value", "b k g f", [2, 5, 2, 4])];
    const mayRead = constant(bits("b q k", [2, 3, 5], given("attention", "mayRead")));
    const output = attend(query, key, value, AttentionPattern.made(mayRead));
    return { outputs: { output }, inputs: { query, key, value }, theirs: {} };
  },
  rmsNorm: () => {
    const [root, value] = [Scope.root(Rules.all), x("x", "b n e", [2, 3, 8])];
    const output = norm(root, { kind: "rms", weight: "offset", epsilon }, value, null).tokens;
    return { outputs: { output }, inputs: { x: value, ...parameters(root) }, theirs: { weight: "scale" } };
  },
  adaptiveRmsNorm: () => {
    const [root, value, condition] = [Scope.root(Rules.all), x("x", "b n e", [2, 3, 8]), x("condition", "b e", [2, 5])];
    const { tokens: normed, gate } = norm(root, { kind: "adaptive-rms", epsilon }, value, condition);
    const theirs = { "dense.weight": "weight", "dense.bias": "bias" };
    return { outputs: { normed, gate: gate! }, inputs: { x: value, condition, ...parameters(root) }, theirs };
  },
  layerNorm: () => {
    const [root, value] = [Scope.root(Rules.all), x("x", "b n e", [2, 3, 8])];
    const output = norm(root, { kind: "layer", weight: "gain and bias", epsilon }, value, null).tokens;
    return { outputs: { output }, inputs: { x: value, ...parameters(root) }, theirs: {} };
  },
  geluTanh: () => pointwise(geluTanh),
  silu: () => pointwise(silu),
  rope: () => {
    const value = x("x", "b n a f", [2, 4, 2, 8]);
    const positions = constant(integers("b n", [2, 4], given("rope", "positions")));
    const output = rope(value, positions, { base: 10_000, limit: 312 });
    return { outputs: { output }, inputs: { x: value }, theirs: {} };
  },
  gatedMlp: () => {
    const [root, value] = [Scope.root(Rules.all), x("x", "b n e", [2, 3, 6])];
    const output = mlp(root, { kind: "gated", activation: "gelu-tanh" }, value, 10);
    const theirs = { "gate.weight": "gate", "up.weight": "up", "down.weight": "down" };
    return { outputs: { output }, inputs: { x: value, ...parameters(root) }, theirs };
  },
  patchEmbedding: () => {
    const [root, image] = [Scope.root(Rules.all), x("image", "b h w c", [2, 4, 6, 3])];
    const output = embedPatches(root, image, { patch: 2, width: 4 });
    return { outputs: { output }, inputs: { image, ...parameters(root) }, theirs: {} };
  },
  pixelShuffleConnector: () => {
    const [root, value] = [Scope.root(Rules.all), x("x", "b n e", [2, 16, 3])];
    const output = connect(root, { kind: "pixel-shuffle" }, value, { width: 5, square: 2 });
    return { outputs: { output }, inputs: { x: value, ...parameters(root) }, theirs: {} };
  },
  pooledConnector: () => {
    const [root, value] = [Scope.root(Rules.all), x("x", "b n e", [2, 16, 6])];
    const choice = { kind: "pooled", norm: { kind: "rms", weight: "offset", epsilon } } as const;
    const output = connect(root, choice, value, { width: 5, square: 2 });
    return { outputs: { output }, inputs: { x: value, ...parameters(root) }, theirs: { "norm.weight": "scale" } };
  },
  sineCosinePositions: () => {
    const value = x("x", "b n e", [2, 9, 8]);
    const output = add(value, alignTo(patchPositions(Scope.root(Rules.all), { kind: "sine-cosine" }, 3, 8), value));
    return { outputs: { output }, inputs: { x: value }, theirs: {} };
  },
  resizedPositions: () => {
    const root = Scope.root(Rules.all);
    const [larger, smaller] = [5, 2].map((side) => patchPositions(root, { kind: "resized", side: 3 }, side, 4));
    return {
      outputs: { larger: larger!, smaller: smaller! },
      inputs: parameters(root),
      theirs: { position: "table" },
    };
  },
  embedding: () => {
    const table = x("table", "y e", [5, 6]);
    const ids = constant(integers("b n", [2, 4], given("embedding", "ids")));
    return { outputs: { output: gather(table, ids, "b n e") }, inputs: { table }, theirs: {} };
  },
  crossEntropy: () => {
    const logits = x("logits", "b n y", [2, 4, 7]);
    const tokenReal = constant(bits("b n", [2, 4], given("crossEntropy", "tokenReal")));
    const targets = constant(integers("b n", [2, 4], given("crossEntropy", "targets")));
    const vocabulary = constant(integers("y", [7], [0, 1, 2, 3, 4, 5, 6]));
    const form = { axes: "b n y", shape: logits.shape, type: "int32" } as const;
    const isTarget = equal(alignTo(select(tokenReal, targets, 0), form), alignTo(vocabulary, form));
    const loss = select(tokenReal, negate(sum(select(isTarget, logSoftmax(logits), 0), "b n")), 0);
    return { outputs: { loss }, inputs: { logits }, theirs: {} };
  },
};

function pointwise(of: (value: SymbolicArray<"b n">) => SymbolicArray<"b n">): Ours {
  const value = x("x", "b n", [2, 12]);
  return { outputs: { output: of(value) }, inputs: { x: value }, theirs: {} };
}

function values({ formula, scale, offset }: z.infer<typeof made>, axes: string, shape: readonly number[]) {
  return floats("float32", axes, shape, formulaValues(formula, cells(shape), scale, offset));
}

/** Other orders of summation, other polynomials: two float32 programs of one formula, each as far from float64. */
const near = (float32Error: number) => ({
  absolute: 3e-7 + 2 * float32Error,
  relative: 0,
  because: `float32, in which PyTorch's own error is ${float32Error}`,
});

describe("values and gradients are PyTorch's", () => {
  it.each(Object.keys(ours))("of %s", async (name) => {
    const reference = composites[name]!;
    const { inputs, outputs, theirs } = ours[name]!();
    const names = Object.keys(inputs).map((own) => theirs[own] ?? own);
    expect(names.toSorted()).toEqual(Object.keys(reference.inputs).sort());
    const feeds = new Map(
      Object.entries(inputs).map(([own, { axes, shape }], at) => [
        own,
        values(reference.inputs[names[at]!]!, axes, shape),
      ]),
    );
    const terms = Object.entries(outputs).map(([part, output]) => {
      const weight = constant(values(reference.outputs[part]!.weight, output.axes, output.shape));
      return sum<string, "float32", "">(multiply(output, weight), "");
    });
    const loss = terms.reduce((total, term) => add(total, term));
    const slopes = gradient(loss, Object.values(inputs)).map(
      (array, at) => [`gradient of ${names[at]}`, array] as const,
    );
    const results = await evaluate(
      { ...outputs, ...Object.fromEntries(slopes) },
      { feeds, threads: 2, fixed: new Map() },
    );
    for (const [part, wanted] of Object.entries(reference.outputs))
      expectClose(part, results[part]!, wanted.cells, near(wanted.float32Error));
    for (const [part, wanted] of Object.entries(reference.gradients))
      expectClose(`gradient of ${part}`, results[`gradient of ${part}`]!, wanted.cells, near(wanted.float32Error));
  });

  it("of the embedded time, which has no gradient", () => {
    const time = composites.timeEmbedding!.given.time!;
    const { output } = composites.timeEmbedding!.outputs;
    const times = new HostArray("b t", [5, 1], "float32", Float32Array.from(time.cells));
    const rounding = { absolute: 6e-8, relative: 0, because: "rounded to float32 once" };
    expectClose("timeEmbedding", embedTime(times, 10).cells, output!.cells, rounding);
  });

  it("of every composite that PyTorch gave", () => {
    expect(Object.keys(composites).sort()).toEqual([...Object.keys(ours), "timeEmbedding"].sort());
  });
});
