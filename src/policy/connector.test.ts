import { expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, named } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { type ConnectorChoice, connect } from "./connector.ts";

/** Tokens of one picture of 4 × 4 patches, each of one number, under weights that add up what comes to them. */
async function tokensOf(choice: ConnectorChoice, patches: readonly number[], columns: number) {
  const scope = Scope.root(Rules.all);
  const tokens = connect(scope, choice, input("patches", "b n e", [1, 16, 1], "float32"), { width: 1, square: 2 });
  const weights = Float32Array.from({ length: columns }, (_, column) => 10 ** column);
  const values = { patches: floats("float32", "b n e", [1, 16, 1], patches) };
  const fixed = new Map(
    scope.parameters.map(({ name, axes, shape }) => [
      name,
      floats("float32", axes, shape, name === "weight" ? weights : [0]),
    ]),
  );
  return (await evaluate({ tokens }, { feeds: named(values), threads: 1, fixed })).tokens;
}

const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2];
const exact = { absolute: 1e-4, relative: 1e-6, because: "float32 sums of four numbers" };

it("pixel shuffle lays the patches of each square end to end, row by row, and squares row by row", async () => {
  const tokens = await tokensOf({ kind: "pixel-shuffle" }, rows, 4);
  expectClose("tokens", tokens, [6521, 8743, 4589, 2367], exact);
});

it("pooling takes the mean of each square and norms it: one number becomes its sign", async () => {
  const norm = { kind: "rms", weight: "offset", epsilon: 1e-6 } as const;
  const signs = rows.map((cell, at) => (at < 8 ? cell : -cell));
  expectClose("tokens", await tokensOf({ kind: "pooled", norm }, signs, 1), [1, 1, -1, -1], exact);
});

it("a query's token is the mean of the patches, each counted by the exponential of its answer", async () => {
  const scope = Scope.root(Rules.all);
  const patches = input("patches", "b n e", [1, 4, 1], "float32");
  const tokens = connect(scope, { kind: "queries" }, patches, { width: 1, square: 1, queries: 3 });
  // Answers of 0, of the patch times log 2, and of it times −log 2, to patches of 0, 0, 1 and 3.
  const cells: Record<string, number[]> = {
    "query.weight": [0, Math.log(2), -Math.log(2)],
    "value.weight": [10],
    "value.bias": [1],
    name: [100, 200, 300],
  };
  const fixed = new Map(
    scope.parameters.map(({ name, axes, shape }) => [name, floats("float32", axes, shape, cells[name]!)]),
  );
  const feeds = named({ patches: floats("float32", "b n e", [1, 4, 1], [0, 0, 1, 3]) });
  const found = await evaluate({ tokens }, { feeds, threads: 1, fixed });
  const means = [4 / 4, (2 * 1 + 8 * 3) / 12, (1 / 2 + 3 / 8) / (2 + 1 / 2 + 1 / 8)];
  expectClose(
    "tokens",
    found.tokens,
    means.map((mean, at) => 100 * (at + 1) + 1 + 10 * mean),
    exact,
  );
});

it("refuses a picture that its squares do not cover", () => {
  const patches = input("patches", "b n e", [1, 9, 1], "float32");
  expect(() => connect(Scope.root(Rules.all), { kind: "pixel-shuffle" }, patches, { width: 1, square: 2 })).toThrow(
    "connector: expected a picture whose patches are a multiple of 2 along each side, got 3 along a side",
  );
});
