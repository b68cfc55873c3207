import { afterAll, beforeAll, expect, it } from "vitest";
import { readManifest, readParameters } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "./testing/micro-run.ts";
import { measureWeightChange } from "./weight-change.ts";

let run: MicroRun;
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 1);
});
afterAll(() => run.remove());

async function measured(weightKind: "float32" | "int8") {
  const { folder: checkpoint } = await chosenCheckpoint(run.folder);
  const { recipe, cache } = run;
  const weights = await readParameters(checkpoint, await readManifest(checkpoint), recipe.validation.weights);
  const machine = { device: "cpu", threads: 1 } as const;
  return await measureWeightChange({ checkpoint, recipe, weights, weightKind, machine, samples: 3, cache });
}

it("integers move the actions of each robot a little, on samples that were held out", async () => {
  const [same, moved] = [await measured("float32"), await measured("int8")];
  expect(new Set(moved.map(({ dataset, controlMode }) => `${dataset} ${controlMode}`)).size).toBe(moved.length);
  // The same program twice gives the same bits.
  expect(same).toEqual(moved.map((robot) => ({ ...robot, change: robot.change && 0, otherError: robot.ownError })));
  const known = moved.flatMap(({ change, ownError }) =>
    change === null || ownError === null ? [] : [{ change, ownError }],
  );
  expect(known.length).toBeGreaterThan(1);
  for (const { change, ownError } of known) {
    expect(change).toBeGreaterThan(0);
    // Products are off by half a percent or so; untrained actions are about as far from recorded ones as noise is.
    expect(change).toBeLessThan(0.1 * ownError);
  }
});
