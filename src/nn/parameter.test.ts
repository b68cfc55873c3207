import { describe, expect, it } from "vitest";
import { gradient } from "../graph/gradient.ts";
import { sum } from "../graph/op/align.ts";
import { add, multiply } from "../graph/op/elementwise.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { fanIn, initialValues, one, Scope, zero } from "./parameter.ts";

describe("a parameter", () => {
  it("asked for twice is one, and receives the gradient of both uses", async () => {
    const scope = Scope.root(Rules.all);
    const first = scope.in("head").parameter("weight", "e", [2], zero);
    const again = scope.in("head").parameter("weight", "e", [2], zero);
    const [slope] = gradient(sum(add(multiply(first, first), again), ""), [scope.parameters[0]!.array]);
    const feeds = new Map([["head.weight", floats("float32", "e", [2], [3, -1])]]);
    const found = await evaluate({ slope: slope! }, { ...plainly, feeds });
    expect(scope.parameters.map(({ name }) => name)).toEqual(["head.weight"]);
    expectClose("gradient of w² + w", found.slope, [7, -1], { absolute: 0, relative: 0, because: "small integers" });
  });

  it("asked for in another form is refused with both", () => {
    const scope = Scope.root(Rules.all).in("head");
    scope.parameter("weight", "e d", [4, 2], zero);
    expect(() => scope.parameter("weight", "e d", [4, 3], zero)).toThrow(
      'parameter "head.weight": is "e d" [4,2], asked for as "e d" [4,3]',
    );
    expect(() => scope.parameter("weight", "d e", [4, 2], zero)).toThrow("head.weight");
  });

  it("is listed in the order of asking, under its path", () => {
    const root = Scope.root(Rules.all);
    root.in("b").parameter("weight", "e", [1], one);
    root.parameter("position", "e", [1], zero);
    root.in("a").in("norm").parameter("weight", "e", [1], one);
    expect(root.parameters.map(({ name }) => name)).toEqual(["b.weight", "position", "a.norm.weight"]);
  });
});

describe("initial values", () => {
  const form = { name: "action.in.weight", axes: "e d", shape: [3, 4], initial: fanIn(16) };
  const values = (shape: readonly number[], seed: number) =>
    initialValues([{ ...form, shape }], seed).get("action.in.weight")!.cells;

  it("of a wider table keep the cells that it shares with a narrower one, to the bit", () => {
    const [narrow, wide] = [values([3, 4], 7), values([5, 9], 7)];
    for (let row = 0; row < 3; row++)
      expectSameBits(`row ${row}`, wide.slice(row * 9, row * 9 + 4), narrow.slice(row * 4, row * 4 + 4));
  });

  it("of one embodiment's set stay the same however many rows a set has and however many sets there are", () => {
    const of = (shape: readonly number[]) =>
      initialValues([{ ...form, axes: "u e j", shape }], 7).get("action.in.weight")!.cells;
    const [narrow, wide] = [of([2, 3, 4]), of([3, 5, 4])];
    for (const set of [0, 1])
      expectSameBits(`set ${set}`, wide.slice(set * 20, set * 20 + 12), narrow.slice(set * 12, set * 12 + 12));
    expect(narrow.slice(0, 12)).not.toEqual(narrow.slice(12));
  });

  it("of places are waves along rows and across them, twice the side long and four places long", () => {
    const form = { name: "position", axes: "n e", shape: [16, 8], initial: { kind: "sincos2d", side: 4 } } as const;
    const found = initialValues([form], 1).get("position")!.cells;
    // The second row's third place: 2.5 along the row, 1.5 down. Waves of 8 and 4 places: π/4 and π/2 of a turn for each.
    const [eighth, half] = [Math.sin(Math.PI / 8), Math.SQRT1_2];
    const expected = [Math.cos(Math.PI / 8), -eighth, Math.cos(Math.PI / 8), eighth, -half, -half, half, -half];
    expectClose("place 6", found.slice(6 * 8, 7 * 8), expected, { absolute: 1e-6, relative: 0, because: "float32" });
  });

  it("follow the seed and the name", () => {
    expectSameBits("again", values([3, 4], 7), values([3, 4], 7));
    expectOtherBits("seed", values([3, 4], 8), values([3, 4], 7));
    const other = initialValues([{ ...form, name: "action.out.weight" }], 7).get("action.out.weight")!;
    expectOtherBits("name", other.cells, values([3, 4], 7));
  });

  it("have the deviation asked for and the mean 0", () => {
    const cells = values([200, 500], 1);
    const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
    const deviation = Math.sqrt(cells.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / cells.length);
    // Standard errors of 100,000 draws are 0.0008 and 0.0006; these are four of them.
    expect(Math.abs(mean)).toBeLessThan(0.0032);
    expect(Math.abs(deviation - 0.25)).toBeLessThan(0.0024);
  });

  it("are one number where that is asked for", () => {
    const found = initialValues([{ name: "norm.weight", axes: "e", shape: [3], initial: one }], 0);
    expect([...found.get("norm.weight")!.cells]).toEqual([1, 1, 1]);
  });
});
