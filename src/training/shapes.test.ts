import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import type { SampleError } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { newState } from "./begin.ts";
import { Run } from "./run.ts";
import { wholeState } from "./shared-state.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

let place = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-shapes-"));
});
afterAll(() => rm(place, { recursive: true }));

const withShapes = (shapes: "one" | "fit", change: Partial<Recipe["policy"]> = {}): Recipe => ({
  ...awkwardRecipe,
  data: { ...awkwardRecipe.data, workers: 0 },
  batch: { size: 30, microBatch: 16, shapes },
  validation: { ...awkwardRecipe.validation, everySteps: 0, draws: 1 },
  policy: { ...awkwardRecipe.policy, ...change },
});

interface Steps {
  readonly losses: readonly number[];
  readonly errors: readonly (readonly SampleError[])[];
  readonly parameters: ParameterValues;
  /** First moments: after one step a share of the gradient. */
  readonly first: ParameterValues;
  readonly programs: number;
  /** "16×2×3×19": rows, views, slots and tokens of each micro-batch of this rank. */
  readonly shapes: readonly string[];
}

/** The first steps of a run, of which all but the last change the weights that the next begins with. */
async function firstSteps(recipe: Recipe, world: World, count = 2): Promise<Steps> {
  const run = await Run.open(recipe, join(place, "cache"), world);
  try {
    const trainer = await run.trainerFor(newState(recipe, run.parameters));
    const next = run.stepShares(0, count);
    const [losses, errors, shapes]: [number[], (readonly SampleError[])[], string[]] = [[], [], []];
    for (let step = 0; step < count; step++) {
      const share = await next();
      const result = await trainer.step(share, 1e-3);
      losses.push(result.loss);
      errors.push(result.errors);
      shapes.push(...share.batches.map(shapeText));
    }
    const { parameters, first } = wholeState(trainer.state());
    return { losses, errors, parameters, first, programs: trainer.programs, shapes };
  } finally {
    await run.close();
  }
}

function shapeText({ facts: { viewReal, tokenReal } }: Batch): string {
  const [rows, slots, views] = viewReal.shape;
  return [rows, views, slots, tokenReal.shape[1]].join("×");
}

const because = "float32 sums over other numbers of rows and tokens go through other kernels";

describe.each([
  { variant: "groot_n16" },
  { variant: "pi05_mem", promptTokens: 40 },
  { variant: "pi05_mem_motion", promptTokens: 40 },
] as const)("a step of $variant in shapes that fit", (policy) => {
  it("is that of one shape, to rounding: errors of each sample in the order of the draws, their counts, the gradient", async () => {
    const [one, fit] = [
      await firstSteps(withShapes("one", policy), await aloneWorld(), 1),
      await firstSteps(withShapes("fit", policy), await aloneWorld(), 1),
    ];
    expect(new Set(fit.shapes).size).toBeGreaterThan(1);
    const { promptTokens } = withShapes("one", policy).policy;
    expect(one.shapes).toEqual(Array<string>(2).fill(`16×2×3×${promptTokens}`));
    expectClose("loss", fit.losses, one.losses, { absolute: 0, relative: 2e-6, because });
    const [found, wanted] = [fit.errors[0]!, one.errors[0]!];
    expect(found.map(({ terms, ...sample }) => [sample, terms.map(({ count }) => count)])).toEqual(
      wanted.map(({ terms, ...sample }) => [sample, terms.map(({ count }) => count)]),
    );
    const sums = (errors: typeof found) => errors.flatMap(({ terms }) => terms.map(({ sum }) => sum));
    expectClose("errors", sums(found), sums(wanted), { absolute: 0, relative: 1e-5, because });
    const size = Math.max(...[...one.first.values()].flatMap(({ cells }) => [...cells].map(Math.abs)));
    for (const [name, { cells }] of fit.first)
      expectClose(name, cells, one.first.get(name)!.cells, { absolute: 1e-5 * size, relative: 0, because });
  });
});

describe("steps in shapes that fit", () => {
  const recipe = withShapes("fit");

  it("are the same to the bit on one rank and on two, and whatever the number of loader threads", async () => {
    const { shapes, programs, ...alone } = await firstSteps(recipe, await aloneWorld());
    expect(programs).toBe(new Set(shapes).size);
    const two = await onRanks(await localWorlds(2, 60), (world) => firstSteps(recipe, world));
    expect(two.map((rank) => rank.shapes.length)).not.toContain(0);
    expect(two.flatMap((rank) => rank.shapes).toSorted()).toEqual(shapes.toSorted());
    for (const { shapes: _, programs: __, ...rank } of two) expectSameBits("two ranks", rank, alone);
    const withThreads = { ...recipe, data: { ...recipe.data, workers: 2 } };
    const { shapes: _, programs: __, ...same } = await firstSteps(withThreads, await aloneWorld());
    expectSameBits("two loader threads", same, alone);
  });

  it("go on after a pause as if there had been none", async () => {
    const trained = async (name: string, until: readonly number[]) => {
      const folder = join(place, name);
      const cache = join(place, "cache");
      let last = null;
      for (const [at, step] of until.entries()) {
        const start = { kind: at === 0 ? "new" : "resume" } as const;
        const world = await aloneWorld();
        last = await trainPolicy(
          { recipe: { ...recipe, data: awkwardRecipe.data }, folder, start, until: step, cache, world },
          unwatched,
        );
      }
      const { parameters, first, second, ema } = last!.state;
      return { parameters, first, second, ema };
    };
    const [whole, paused] = [await trained("whole", [2]), await trained("paused", [1, 2])];
    expectSameBits("resumed", paused, whole);
  });

  it("validate the samples that one shape validates, to rounding and in the same order", async () => {
    const validated = async (shapes: "one" | "fit", world: World) => {
      const run = await Run.open(withShapes(shapes), join(place, "cache"), world);
      const state = newState(awkwardRecipe, run.parameters);
      const { groups } = await run.validate(state, () => {});
      const actions = await run.actionErrors(state, 5, () => {});
      await run.close();
      return { groups, actions };
    };
    const [one, fit] = [await validated("one", await aloneWorld()), await validated("fit", await aloneWorld())];
    expectOtherBits("validation", fit, one);
    const numbers = (found: typeof one) => [
      ...found.groups.flatMap(({ byErrors }) => [...byErrors.values()].map((value) => value ?? 0)),
      ...found.actions.map(({ meanAbsoluteError }) => meanAbsoluteError ?? 0),
    ];
    expectClose("validation", numbers(fit), numbers(one), { absolute: 1e-6, relative: 1e-4, because });
    const two = await onRanks(await localWorlds(2, 60), (world) => validated("fit", world));
    for (const rank of two) expectSameBits("two ranks", rank, fit);
  });
});
