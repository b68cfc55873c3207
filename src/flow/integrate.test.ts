import { expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { offset, scale } from "../graph/op/elementwise.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { integrate } from "./integrate.ts";

/** One row of one step and three slots, the middle one unreal and full of noise. */
const noise = SymbolicPadded.of(
  constant(new HostArray("b t d", [1, 1, 3], "float32", Float32Array.of(1, Number.NaN, -2))),
  SymbolicValidity.complete("b t d", [1, 1, 3]).reshaped(() =>
    constant(new HostArray("b t d", [1, 1, 3], "bool", Uint8Array.of(1, 0, 1))),
  ),
);
const settings = { steps: 10, timeWidth: 4, unrealInput: "zero", rules: Rules.all } as const;

it("Euler steps of v = x give 0.9¹⁰ of the noise, and 0 in unreal cells", async () => {
  const actions = integrate(noise, ({ noisy }) => noisy, settings);
  const { cells } = await evaluate({ cells: actions }, plainly);
  expect(cells[0]).toBeCloseTo(0.9 ** 10, 6);
  expect(cells[2]).toBeCloseTo(-2 * 0.9 ** 10, 6);
  expect(cells[1]).toBe(0);
});

it("a velocity that is wrong in unreal cells does not move them", async () => {
  const actions = integrate(noise, ({ noisy }) => offset(scale(noisy, 0), 1e30), settings);
  const { cells } = await evaluate({ cells: actions }, plainly);
  expect(cells[1]).toBe(0);
});

it("without its guard NaN would come out", async () => {
  const rules = Rules.without("inference-side");
  const { cells } = await evaluate({ cells: integrate(noise, ({ noisy }) => noisy, { ...settings, rules }) }, plainly);
  expect(cells[1]).toBeNaN();
});
