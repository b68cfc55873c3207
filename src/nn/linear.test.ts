import { describe, expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, named, plainly } from "../graph/testing/evaluate.ts";
import { mustNotCompile } from "../graph/testing/must-not-compile.ts";
import { Rules } from "../validity/rules.ts";
import { linear } from "./linear.ts";
import { Scope } from "./parameter.ts";

const exact = { absolute: 0, relative: 0, because: "small integers" };
const plain = { bias: "zero", initial: "fan-in" } as const;

describe("linear", () => {
  it("is x · Wᵀ + b: rows of the weight are outputs", async () => {
    const scope = Scope.root(Rules.all);
    const y = linear(scope, input("x", "b d", [2, 3], "float32"), { ...plain, from: "d", to: "e", sizes: [2] });
    const feeds = named({
      x: floats("float32", "b d", [2, 3], [1, 2, 3, 4, 5, 6]),
      weight: floats("float32", "e d", [2, 3], [1, 0, -1, 2, 1, 0]),
      bias: floats("float32", "e", [2], [10, 20]),
    });
    expect(y.axes).toBe("b e");
    expectClose("y", (await evaluate({ y }, { ...plainly, feeds })).y, [8, 24, 8, 33], exact);
  });

  it("takes heads apart and puts them together again", () => {
    const scope = Scope.root(Rules.all);
    const x = input("x", "b n e", [1, 2, 6], "float32");
    const heads = linear(scope.in("query"), x, { ...plain, from: "e", to: "a f", sizes: [3, 4] });
    const joined = linear(scope.in("out"), heads, { ...plain, bias: "none", from: "a f", to: "e", sizes: [6] });
    expect([heads.axes, heads.shape, joined.axes, joined.shape]).toEqual(["b n a f", [1, 2, 3, 4], "b n e", [1, 2, 6]]);
    expect(scope.parameters.map(({ name, axes, shape }) => [name, axes, shape])).toEqual([
      ["query.weight", "a f e", [3, 4, 6]],
      ["query.bias", "a f", [3, 4]],
      ["out.weight", "e a f", [6, 3, 4]],
    ]);
  });

  it("may keep the letter of an axis and change its size: the weight's columns are j", async () => {
    const scope = Scope.root(Rules.all);
    const x = input("x", "b e", [1, 2], "float32");
    const y = linear(scope, x, { ...plain, bias: "none", from: "e", to: "e", sizes: [3] });
    const feeds = named({
      x: floats("float32", "b e", [1, 2], [1, 10]),
      weight: floats("float32", "e j", [3, 2], [1, 2, 3, 4, 5, 6]),
    });
    expect([y.axes, y.shape, scope.parameters[0]!.axes]).toEqual(["b e", [1, 3], "e j"]);
    expectClose("y", (await evaluate({ y }, { ...plainly, feeds })).y, [21, 43, 65], exact);
  });

  it("begins at a deviation that keeps the variance of what it sums", () => {
    const scope = Scope.root(Rules.all);
    linear(scope, input("x", "b a f", [1, 4, 4], "float32"), { ...plain, from: "a f", to: "e", sizes: [2] });
    expect(scope.parameters.map(({ initial }) => initial)).toEqual([
      { kind: "normal", deviation: 0.25 },
      { kind: "constant", value: 0 },
    ]);
  });

  it("refuses axes that do not stand last, by name", () => {
    const x = input("x", "b e n", [1, 2, 3], "float32");
    expect(() => linear(Scope.root(Rules.all), x, { ...plain, from: "e", to: "m", sizes: [4] })).toThrow(
      'linear: expected the axes "e" last, got "b e n"',
    );
  });
});

mustNotCompile(() => {
  const x = input("x", "b n e", [1, 2, 3], "float32");
  const y = linear(Scope.root(Rules.all), x, { ...plain, from: "e", to: "m", sizes: [4] });
  // @ts-expect-error The result has the axes that took the place of the others.
  const wrong: typeof x = y;
  // @ts-expect-error Whether there is a bias is said.
  linear(Scope.root(Rules.all), x, { from: "e", to: "m", sizes: [4], initial: "fan-in" });
  return wrong;
});
