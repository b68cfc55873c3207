import { expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { evaluate, floats } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { tokenErrors } from "./token-error.ts";
import { teachesInput } from "./traced.ts";

const rows = 8;

// Of rows of 250 or 707 cells the runtime gave sums whose last bit depended on where they stood.
it.each([250, 707, 708])("a row of %i tokens has the same sum, to the bit, wherever it stands", async (tokens) => {
  const one = Array.from({ length: tokens * 3 }, (_, at) => Math.fround(4 * Math.sin(at * 12.9898)));
  const scores = input("scores", "b n y", [rows, tokens, 3], "float32");
  const traced = tokenErrors(Scope.root(Rules.all), scores, { name: "tokens", next: "next" });
  const feeds = new Map<string, HostArray<string, "float32" | "int32" | "bool">>([
    ["scores", floats("float32", "b n y", [rows, tokens, 3], Array.from({ length: rows }, () => one).flat())],
    ["next", new HostArray("b n", [rows, tokens], "int32", new Int32Array(rows * tokens).fill(1))],
    [teachesInput("tokens"), new HostArray("b n", [rows, tokens], "bool", new Uint8Array(rows * tokens).fill(1))],
  ]);
  const { sums } = await evaluate({ sums: traced.sums }, { feeds, threads: 2, fixed: new Map() });
  expect(new Set(sums).size).toBe(1);
  const expected = Array.from({ length: tokens }, (_, at) => {
    const [first, second, third] = one.slice(3 * at, 3 * at + 3);
    return Math.log(Math.exp(first!) + Math.exp(second!) + Math.exp(third!)) - second!;
  });
  const whole = expected.reduce((sum, error) => sum + error, 0);
  expect(Math.abs(sums[0]! / whole - 1)).toBeLessThan(1e-6);
});
