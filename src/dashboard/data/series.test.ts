import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheFolder } from "../../cache-folder.ts";
import { InputError } from "../../input-error.ts";
import { awkwardRecipe } from "../../recipe/testing/awkward-recipe.ts";
import { craneDofs, craneRecipe, craneRecordings } from "../../recipe/testing/cranes.ts";
import { craneOrigin, craneRows, craneStateUnits, craneUnits } from "../../training/testing/crane-units.ts";
import { type OpenData, openData } from "./open-data.ts";
import { episodeSeries } from "./series.ts";

const episode = 1;
const actions = craneRows(craneRecordings[0]!, "action", episode);
const states = craneRows(craneRecordings[0]!, "observation.state", episode);
let open: OpenData;
beforeAll(async () => {
  open = await openData({ kind: "recipe", recipe: craneRecipe, manifest: null }, cacheFolder("statistics"));
});
afterAll(() => open.close());

function expectCurves(curves: readonly (readonly number[])[], expected: (row: number, entry: number) => number): void {
  for (const [entry, curve] of curves.entries()) {
    expect(curve).toHaveLength(actions.length);
    for (const [row, value] of curve.entries()) expect(value, `${entry} ${row}`).toBeCloseTo(expected(row, entry), 5);
  }
}

it("has an episode's numbers as they were recorded, entry by entry", async () => {
  const series = await episodeSeries(open, open.datasets[0]!, { episode, scale: "raw" });
  expect(series.actions.entries.map(({ name, slot }) => [name, slot])).toEqual([
    ["lift", 4],
    ["claw", 0],
    ["turn", 2],
  ]);
  expectCurves(series.actions.values, (row, dof) => actions[row]![dof]!);
  expectCurves(series.states.values, (row, entry) => states[row]![entry]!);
});

it("refuses an episode that the dataset does not have, as a matter of who asks", async () => {
  const asked = episodeSeries(open, open.datasets[0]!, { episode: 99, scale: "raw" });
  await expect(asked).rejects.toThrow(
    new InputError(`dataset "${open.datasets[0]!.name}": expected an episode that is in use, got 99`),
  );
  await expect(asked).rejects.toBeInstanceOf(InputError);
});

it("normalises as training does: an action is relative to the state of its own row", async () => {
  const [units, stateUnits] = [await craneUnits(craneRecipe), await craneStateUnits(craneRecipe)];
  const { actions: found, states: seen } = await episodeSeries(open, open.datasets[0]!, {
    episode,
    scale: "normalised",
  });
  expect(found.values).toHaveLength(craneDofs.length);
  expectCurves(found.values, (row, dof) => {
    const { center, scale } = units[dof]!;
    return (actions[row]![dof]! - craneOrigin(dof, states[row]!) - center) / scale;
  });
  expectCurves(
    seen.values,
    (row, entry) => (states[row]![entry]! - stateUnits[entry]!.center) / stateUnits[entry]!.scale,
  );
});

it("says from which row on an instruction holds", async () => {
  const awkward = await openData({ kind: "recipe", recipe: awkwardRecipe, manifest: null }, cacheFolder("statistics"));
  const arm = awkward.datasets.find(({ name, controlMode }) => name === "arm" && controlMode === "joint")!;
  const { tasks } = await episodeSeries(awkward, arm, { episode: 0, scale: "raw" });
  await awkward.close();
  // Of 13 rows the first 7 lie before the middle.
  expect(tasks).toEqual([
    { row: 0, text: "stack the cups" },
    { row: 7, text: "open the drawer" },
  ]);
});
