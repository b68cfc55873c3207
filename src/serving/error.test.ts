import { afterEach, describe, expect, it } from "vitest";
import { generate } from "../dataset/generated.ts";
import { validationDraws } from "../mixture/validation.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardCart, descriptionOf } from "../recipe/testing/awkward-datasets.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { Run } from "../training/run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { validateRun } from "../training/validate-run.ts";
import { loadPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";

const samplesPerMember = 7;
const framesPerSecond = 5;
const recording = generate(descriptionOf(awkwardCart));

/** On the line between the two nearest frames; `null` past the last. */
function between(values: Float64Array, position: number, dof: number): number | null {
  const [below, above] = [Math.floor(position), Math.ceil(position)];
  if (2 * above >= values.length) return null;
  return values[2 * below + dof]! * (1 - (position - below)) + values[2 * above + dof]! * (position - below);
}

/** What the policy has the cart do that stands where a frame was recorded, having come there as it did. */
async function acted(policy: LoadedPolicy, recipe: Recipe, { episode, frame }: { episode: number; frame: number }) {
  const table = await recording.table(episode);
  const states = table.vector("observation.state").cells;
  const session = policy.session(policy.robot({ dataset: "cart" }), { seed: 1 });
  for (let at = 0; at <= frame; at++) session.see({ state: states.slice(2 * at, 2 * at + 2), pictures: {} });
  const asked = session.ask(table.tasks[frame]!);
  const draws = [0, 1].map((draw) => ({ ...asked, noise: { seed: recipe.seed, episode, frame, draw } }));
  return policy.act(draws);
}

let run: MicroRun | null = null;
afterEach(async () => {
  await run?.remove();
  run = null;
});

// What that error is to be, in numbers from elsewhere, is worked out by hand in training/by-hand.test.ts.
describe("the error that validation gives of sampled actions", () => {
  const other = { ...awkwardRecipe.data, rate: "native", actions: "absolute", normalization: "quantile" } as const;
  it.each<[string, Recipe]>([
    ["delta actions at another rate", awkwardRecipe],
    ["absolute actions at the robot's own rate, in other units", { ...awkwardRecipe, data: other }],
  ])(
    "is that of the actions that a served policy sends, asked frame by frame and at two draws of noise: %s",
    async (_, recipe) => {
      run = await trainMicroRun(recipe, 2);
      const world = await aloneWorld();
      const { folder, cache } = run;
      const { actionErrors } = await validateRun(
        { folder, recipe, cache, actionSamples: samplesPerMember, allowed: new Set<never>(), world },
        () => {},
      );
      const opened = await Run.open(recipe, cache, world);
      const places = validationDraws(opened.plan.mixture, samplesPerMember).filter(({ member }) => member === 4);
      await opened.close();
      const policy = await loadPolicy(folder, { robots: 2, machine: "as trained" });
      const sums = [0, 0];
      let steps = 0;
      for (const place of places) {
        const actions = (await recording.table(place.episode)).vector("action").cells;
        for (const chunk of await acted(policy, recipe, place))
          for (const [step, own] of chunk.actions.entries()) {
            const position = place.frame + (step * framesPerSecond) / chunk.stepsPerSecond;
            const wanted = [0, 1].map((dof) => between(actions, position, dof));
            if (wanted.includes(null)) continue;
            for (const dof of [0, 1]) sums[dof]! += Math.abs(own[dof]! - wanted[dof]!);
            steps++;
          }
      }
      policy.release();
      const found = actionErrors.filter(({ dataset }) => dataset === "cart");
      expect(found.map((error) => error.samples)).toEqual([samplesPerMember, samplesPerMember]);
      expect(found.map((error) => error.steps)).toEqual([steps, steps]);
      expect(steps).toBeLessThan(2 * samplesPerMember * recipe.policy.actionHorizon);
      // 1e-6: programs of other rows may round differently in float32.
      for (const dof of [0, 1]) expect(found[dof]!.meanAbsoluteError).toBeCloseTo(sums[dof]! / steps, 6);
    },
  );
});
