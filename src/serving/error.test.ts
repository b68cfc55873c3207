import { afterEach, describe, expect, it } from "vitest";
import { generate } from "../dataset/generated.ts";
import { validationDraws } from "../mixture/validation.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { microRecipe } from "../recipe/testing/micro-recipe.ts";
import { Run } from "../training/run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { validateRun } from "../training/validate-run.ts";
import { loadPolicy } from "./load.ts";

const samplesPerMember = 7;
const framesPerSecond = 5;

/** The recorded numbers of the blind robot with two motors. */
async function recorded(episode: number, key: string): Promise<Float64Array> {
  const own = microRecipe.data.datasets.find(({ name }) => name === "pusht");
  if (own?.source.kind !== "generated") throw new Error("expected a generated dataset");
  return (await generate({ name: "pusht", ...own.source.description }).table(episode)).vector(key).cells;
}

/** On the line between the two nearest frames; `null` past the last. */
function between(values: Float64Array, position: number, dof: number): number | null {
  const [below, above] = [Math.floor(position), Math.ceil(position)];
  if (2 * above >= values.length) return null;
  return values[2 * below + dof]! * (1 - (position - below)) + values[2 * above + dof]! * (position - below);
}

let run: MicroRun | null = null;
afterEach(async () => {
  await run?.remove();
  run = null;
});

// What that error is to be, in numbers from elsewhere, is worked out by hand in training/by-hand.test.ts.
describe("the error that validation gives of sampled actions", () => {
  const other = { ...microRecipe.data, rate: 4, actions: "absolute", normalization: "quantile" } as const;
  it.each<[string, Recipe]>([
    ["delta actions at the robot's own rate", microRecipe],
    ["absolute actions at another rate, in other units", { ...microRecipe, data: other }],
  ])("is that of the actions that a served policy sends, asked frame by frame: %s", async (_, recipe) => {
    run = await trainMicroRun(recipe, 2);
    const world = await aloneWorld();
    const { folder, cache } = run;
    const { actionErrors } = await validateRun(
      { folder, recipe, cache, actionSamples: samplesPerMember, allowed: new Set<never>(), world },
      () => {},
    );
    const opened = await Run.open(recipe, cache, world);
    const draws = validationDraws(opened.plan.mixture, samplesPerMember).filter(({ member }) => member === 1);
    await opened.close();
    const policy = await loadPolicy(folder, { robots: 1, machine: "as trained" });
    const robot = policy.robot({ dataset: "pusht" });
    const sums = [0, 0];
    let steps = 0;
    for (const { episode, frame } of draws) {
      const state = (await recorded(episode, "observation.state")).slice(2 * frame, 2 * frame + 2);
      const noise = { seed: recipe.seed, episode, frame, draw: 0 };
      const [chunk] = await policy.act([{ robot, observations: [{ state, pictures: {} }], prompt: "go", noise }]);
      const actions = await recorded(episode, "action");
      for (const [step, own] of chunk.actions.entries()) {
        const position = frame + (step * framesPerSecond) / chunk.stepsPerSecond;
        const wanted = [0, 1].map((dof) => between(actions, position, dof));
        if (wanted.includes(null)) continue;
        for (const dof of [0, 1]) sums[dof]! += Math.abs(own[dof]! - wanted[dof]!);
        steps++;
      }
    }
    policy.release();
    const found = actionErrors.filter(({ dataset }) => dataset === "pusht");
    expect(found.map((error) => error.samples)).toEqual([samplesPerMember, samplesPerMember]);
    expect(found.map((error) => error.steps)).toEqual([steps, steps]);
    expect(steps).toBeLessThan(samplesPerMember * 6);
    // 1e-6: programs of other rows may round differently in float32.
    for (const dof of [0, 1]) expect(found[dof]!.meanAbsoluteError).toBeCloseTo(sums[dof]! / steps, 6);
  });
});
