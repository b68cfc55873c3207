import { describe, expect, it } from "vitest";
import { constant, input } from "../graph/array.ts";
import { cells } from "../graph/axes.ts";
import { expectClose } from "../graph/testing/close.ts";
import { bits, evaluate, floats, integers, named } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { type LayerForm, transformerLayer } from "./layer.ts";
import { type ParameterValues, Scope } from "./parameter.ts";
import { AttentionPattern } from "./pattern.ts";
import { randomWeights } from "./testing/random-weights.ts";

const [tokens, width, heads, headWidth, conditionWidth] = [3, 4, 2, 2, 3];
const adaptive = { kind: "adaptive-rms", epsilon: 1e-6 } as const;
const form: LayerForm = {
  choice: {
    norms: { attention: adaptive, mlp: adaptive, added: "none", queryKey: "none" },
    mlp: { kind: "gated", activation: "silu" },
    bias: "none",
  },
  size: { width, mlp: 5, heads, keyHeads: 1, headWidth },
};
const base = 10;
const isReal = [1, 1, 0];
const positions = [0, 1, 1];
const mayRead = [
  [true, false, false],
  [true, true, false],
  [false, false, false],
];
const x = [
  [0.3, -1.2, 0.8, 0.1],
  [-0.4, 0.9, 1.1, -0.7],
  [5, -5, 5, -5],
];
const time = [0.5, -0.2, 0.9];

/** The layer of the graph: one row of tokens that read themselves and those before them. */
function traced(poison: boolean) {
  const scope = poison ? Scope.poisonable(Rules.all) : Scope.root(Rules.all);
  const pattern = AttentionPattern.made(constant(bits("b q k", [1, tokens, tokens], mayRead.flat().map(Number))));
  const real = SymbolicValidity.input("real", "b n", [1, tokens]);
  const states = { tokens: input("x", "b n e", [1, tokens, width], "float32"), real };
  const condition = input("time", "b e", [1, conditionWidth], "float32");
  const rotation = { positions: constant(integers("b n", [1, tokens], positions)), limit: 4, base };
  const reads = { kind: "joint", pattern, before: null, rotation } as const;
  const output = transformerLayer(scope, form, { ...states, condition }, reads).tokens;
  return { output, scope, weights: randomWeights(scope.parameters, 3) };
}

const feeds = (poison: number) =>
  named({
    x: floats("float32", "b n e", [1, tokens, width], x.flat()),
    time: floats("float32", "b e", [1, conditionWidth], time),
    real: bits("b n", [1, tokens], isReal),
    hiddenPoison: floats("float32", "", [], [poison]),
  });

/** The same by loops over numbers. */
function naive(weights: ParameterValues): number[][] {
  const matrix = (name: string, columns: number): number[][] => {
    const all = [...weights.get(name)!.cells];
    return Array.from({ length: all.length / columns }, (_, row) => all.slice(row * columns, (row + 1) * columns));
  };
  const times = (rows: readonly number[][], vector: readonly number[]) =>
    rows.map((row) => row.reduce((sum, cell, at) => sum + cell * vector[at]!, 0));
  /** Scale, shift and gate, in this order. */
  const modulation = (name: string) => {
    const bias = [...weights.get(`${name}.dense.bias`)!.cells];
    const parts = times(matrix(`${name}.dense.weight`, conditionWidth), time).map((cell, at) => cell + bias[at]!);
    return [0, 1, 2].map((part) => parts.slice(part * width, (part + 1) * width));
  };
  const normed = (token: readonly number[], [scale, shift]: readonly number[][]) => {
    const root = Math.sqrt(token.reduce((sum, cell) => sum + cell * cell, 0) / width + 1e-6);
    return token.map((cell, at) => (cell / root) * (1 + scale![at]!) + shift![at]!);
  };
  const plusGated = (token: readonly number[], gate: readonly number[], change: readonly number[]) =>
    token.map((cell, at) => cell + gate[at]! * change[at]!);
  const rotated = ([one, other]: readonly number[], position: number) => [
    one! * Math.cos(position) - other! * Math.sin(position),
    other! * Math.cos(position) + one! * Math.sin(position),
  ];
  const head = (vector: readonly number[], at: number) => vector.slice(at * headWidth, (at + 1) * headWidth);
  const first = modulation("norm.attention");
  const states = x.map((token) => normed(token, first));
  const projected = (name: string) => states.map((state) => times(matrix(`${name}.weight`, width), state));
  const [queries, values] = [projected("query"), projected("value")];
  const keys = projected("key").map((key, at) => rotated(key, positions[at]!));
  const attended = queries.map((query, at) =>
    Array.from({ length: heads }, (_, a) => {
      const own = rotated(head(query, a), positions[at]!);
      const weight = keys.map((key, k) =>
        mayRead[at]![k]! ? Math.exp((own[0]! * key[0]! + own[1]! * key[1]!) / Math.sqrt(headWidth)) : 0,
      );
      const total = Math.max(
        weight.reduce((sum, each) => sum + each, 0),
        Number.MIN_VALUE,
      );
      return [0, 1].map((f) => values.reduce((sum, value, k) => sum + (weight[k]! / total) * value[f]!, 0));
    }).flat(),
  );
  const between = x.map((token, at) =>
    plusGated(token, first[2]!, times(matrix("out.weight", heads * headWidth), attended[at]!)),
  );
  const second = modulation("norm.mlp");
  return between.map((token) => {
    const state = normed(token, second);
    const up = times(matrix("mlp.up.weight", width), state);
    const inner = times(matrix("mlp.gate.weight", width), state).map((g, at) => (g / (1 + Math.exp(-g))) * up[at]!);
    return plusGated(token, second[2]!, times(matrix("mlp.down.weight", 5), inner));
  });
}

it("a layer that reads maps of given keys and values rotates its queries alone, and adds what it reads", async () => {
  const scope = Scope.root(Rules.all);
  const gain = { kind: "rms", weight: "gain", epsilon: 0 } as const;
  const small: LayerForm = {
    choice: { ...form.choice, norms: { attention: gain, mlp: gain, added: "none", queryKey: "none" } },
    size: { width: 2, mlp: 1, heads: 1, keyHeads: 1, headWidth: 2 },
  };
  const [keys, values] = [
    [1, 2, 0, -1],
    [3, -1, 0.5, 4],
  ].map((cells) => constant(floats("float32", "b k g f", [1, 2, 1, 2], cells)));
  const tokens = constant(floats("float32", "b n e", [1, 1, 2], [5, -5]));
  const output = transformerLayer(
    scope,
    small,
    { tokens, real: SymbolicValidity.complete("b n", [1, 1]), condition: null },
    {
      kind: "projected",
      pattern: AttentionPattern.made(constant(bits("b q k", [1, 1, 2], [1, 1]))),
      given: { keys: keys!, values: values! },
      rotation: { positions: constant(integers("b n", [1, 1], [2])), limit: 3, base },
    },
  ).tokens;
  const one = [1, 0, 0, 1];
  const cellsOf: Record<string, number[]> = { key: [2, 0, 0, 1], value: [1, 1, 0, 1], query: one, out: one };
  const fixed = new Map(
    scope.parameters.map(({ name, axes, shape }) => {
      const count = cells(shape);
      const rest = Array<number>(count).fill(name.startsWith("norm") ? 1 : 0);
      return [name, floats("float32", axes, shape, cellsOf[name.replace(".weight", "")] ?? rest)];
    }),
  );
  const { found } = await evaluate({ found: output }, { feeds: new Map(), threads: 1, fixed });
  // The token, normed, is (1, -1). At place 2 of base 10 its only pair turns by 2.
  const [cosine, sine] = [Math.cos(2), Math.sin(2)];
  const query = [cosine + sine, sine - cosine];
  // Keys through their map are (2, 2) and (0, -1), values (2, -1) and (4.5, 4).
  const scores = [2 * query[0]! + 2 * query[1]!, -query[1]!].map((score) => Math.exp(score / Math.sqrt(2)));
  const share = scores[0]! / (scores[0]! + scores[1]!);
  const wanted = [5 + 2 * share + 4.5 * (1 - share), -5 - share + 4 * (1 - share)];
  expectClose("token", found, wanted, { absolute: 2e-6, relative: 1e-6, because: "float32" });
});

describe("a layer with adaptive norms and a feed-forward gated by silu", () => {
  it("is what loops over numbers make of it", async () => {
    const { output, weights } = traced(false);
    const { found } = await evaluate({ found: output }, { feeds: feeds(0), threads: 1, fixed: weights });
    expectClose("tokens", found, naive(weights).flat(), { absolute: 4e-6, relative: 1e-6, because: "float32" });
    expect(cells(output.shape)).toBe(12);
  });

  it("does not read, to the bit, the poison in tokens that do not exist", async () => {
    const { output, weights } = traced(true);
    const run = async (poison: number) =>
      (await evaluate({ found: output }, { feeds: feeds(poison), threads: 1, fixed: weights })).found;
    const [before, after] = [await run(0), await run(3)];
    expect([...after.slice(0, 2 * width)]).toEqual([...before.slice(0, 2 * width)]);
  });

  it("is watched behind attention and behind the feed-forward", () => {
    expect(traced(false).scope.watched.map(({ name, array }) => [name, array.axes])).toEqual([
      ["attention", "b n e"],
      ["mlp", "b n e"],
    ]);
  });
});
