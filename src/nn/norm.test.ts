import { expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, named, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { norm } from "./norm.ts";
import { initialValues, Scope } from "./parameter.ts";

const x = input("x", "b n e", [1, 1, 2], "float32");
const cells = floats("float32", "b n e", [1, 1, 2], [3, -4]);
const unit = [3, -4].map((cell) => cell / Math.sqrt(12.5));
const rounding = { absolute: 2e-7, relative: 0, because: "float32" };

it("before training Gemma's norm has gain 1: its weight is stored as the offset from it", async () => {
  const scope = Scope.root(Rules.all);
  const y = norm(scope, { kind: "rms", weight: "offset", epsilon: 1e-6 }, x, null).tokens;
  const feeds = new Map([["x", cells], ...initialValues(scope.parameters, 0)]);
  expectClose("norm", (await evaluate({ y }, { ...plainly, feeds })).y, unit, rounding);
});

it("before training an adaptive norm does not hear its condition, and its gate lets nothing through", async () => {
  const scope = Scope.root(Rules.all);
  const given = input("condition", "b e", [1, 3], "float32");
  const { tokens: normed, gate } = norm(scope, { kind: "adaptive-rms", epsilon: 1e-6 }, x, given);
  const outputs = { normed, gate: gate! };
  const condition = floats("float32", "b e", [1, 3], [9, -9, 9]);
  const feeds = new Map([["x", cells], ["condition", condition], ...initialValues(scope.parameters, 0)]);
  const found = await evaluate(outputs, { ...plainly, feeds });
  expectClose("normed", found.normed, unit, rounding);
  expect([...found.gate]).toEqual([0, 0]);
  expect(scope.parameters.map(({ name, axes, shape }) => [name, axes, shape])).toEqual([
    ["dense.weight", "r e j", [3, 2, 3]],
    ["dense.bias", "r e", [3, 2]],
  ]);
});

it("a norm's own weight is a gain where it is no offset", async () => {
  const scope = Scope.root(Rules.all);
  const y = norm(scope, { kind: "rms", weight: "gain", epsilon: 1e-6 }, x, null).tokens;
  const gain = floats("float32", "e", [2], [2, 0.5]);
  const found = await evaluate({ y }, { ...plainly, feeds: named({ x: cells, weight: gain }) });
  expectClose("norm", found.y, [2 * unit[0]!, 0.5 * unit[1]!], { ...rounding, absolute: 4e-7 });
  expect([...initialValues(scope.parameters, 0).get("weight")!.cells]).toEqual([1, 1]);
});

it("an adaptive norm without a condition is refused by name", () => {
  expect(() => norm(Scope.root(Rules.all), { kind: "adaptive-rms", epsilon: 1e-6 }, x, null)).toThrow(
    'norm: expected a condition for the norm "adaptive-rms", got none',
  );
});
