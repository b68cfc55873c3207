import { expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { gradientPrefix } from "../objective/objective.ts";
import { leaksOf, type Outputs } from "./law.ts";
import { metricPrefix } from "./runner.ts";
import { summedInAnotherOrder } from "./sum-closeness.ts";

function outputs(cells: Readonly<Record<string, number>>): Outputs {
  return new Map(
    Object.entries(cells).map(([name, cell]) => [name, new HostArray("b", [1], "float64", Float64Array.of(cell))]),
  );
}

async function leaks(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) {
  const variation = {
    law: "padding",
    kinds: [],
    name: "more",
    inputs: [outputs(after)],
    back: ([only]: readonly Outputs[]) => only!,
    promise: summedInAnotherOrder(),
  } as const;
  return (await leaksOf(async (one: Outputs) => one, outputs(before), variation)).map(({ output }) => output);
}

const metric = `${metricPrefix}velocity`;
const meanSquare = (off: number) => off ** 2;

it("a metric of predictions that are hardly off may move by their rounding, and by nothing that is more", async () => {
  // Off by 0.009 of a standard deviation: rounding by 1e-6 moves the square by 2e-4 of itself.
  const before = { [metric]: meanSquare(0.009) };
  expect(await leaks(before, { [metric]: meanSquare(0.009 + 1e-6) })).toEqual([]);
  expect(await leaks(before, { [metric]: meanSquare(0.009 - 1e-6) })).toEqual([]);
  expect(await leaks(before, { [metric]: meanSquare(0.009 + 2e-6) })).toEqual([metric]);
  expect(await leaks({ [metric]: 4 }, { [metric]: 4 + 1e-3 })).toEqual([metric]);
});

it("gradients are compared on the scale of the largest, and what else there is on its own", async () => {
  const [large, small] = [`${gradientPrefix}large`, `${gradientPrefix}small`];
  const before = { [large]: 10, [small]: 0, other: 1e-4 };
  expect(await leaks(before, { [large]: 10, [small]: 9e-6, other: 1e-4 + 1e-9 })).toEqual([]);
  expect(await leaks(before, { [large]: 10, [small]: 2e-5, other: 1e-4 + 1e-8 })).toEqual([small, "other"]);
});
