import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { type RunEvent, readEvents } from "./event-log.ts";
import { type MicroRun, trainMicroRun } from "./testing/micro-run.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

const validationSchema = z.object({
  step: z.number(),
  groups: z.array(z.object({ dataset: z.string(), controlMode: z.string(), loss: z.number().nullable() })),
  aggregate: z.object({ loss: z.number() }),
});

let run: MicroRun;
let validations: z.infer<typeof validationSchema>[] = [];
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 6);
  const events = await readEvents(run.folder);
  validations = events.filter(({ kind }) => kind === "validation").map((event) => validationSchema.parse(event));
});
afterAll(() => run.remove());

describe("a run whose validation loss falls and rises again", () => {
  it("is validated before its first step, at every second and at its last", () => {
    const [first, second, third, last] = validations.map(({ aggregate }) => aggregate.loss);
    expect(validations.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
    expect(second).toBeLessThan(first!);
    expect(third).toBeGreaterThan(second!);
    expect(last).toBeGreaterThan(third!);
  });

  it("is gone on with after its best without forgetting it, and tells each line of its logs from there on", async () => {
    const half = await trainMicroRun(awkwardRecipe, 4);
    const { folder, recipe, cache } = half;
    const start = { kind: "resume" } as const;
    const told: RunEvent[] = [];
    const watcher = { ...unwatched, logged: (line: RunEvent) => told.push(line) };
    const result = await trainPolicy({ recipe, folder, start, until: 6, cache, world: await aloneWorld() }, watcher);
    const [started, ...rest] = told;
    expect(started).toMatchObject({ kind: "start", step: 4 });
    expect(rest.filter(({ kind }) => kind !== "time")).toEqual(
      (await readEvents(folder)).filter(({ step }) => step > 4),
    );
    expect(rest.findLast(({ kind }) => kind === "time")).toMatchObject({ step: 6 });
    expect(result.best).toEqual({ step: 2, loss: validations[1]!.aggregate.loss });
    expect(await readdir(join(folder, "checkpoints"))).toEqual(["000002", "000006"]);
    await half.remove();
  });

  it("knows the lowest as its best, and keeps that step's checkpoint beside the newest", async () => {
    expect(await readdir(join(run.folder, "checkpoints"))).toEqual(["000002", "000006"]);
    const { bestValidation } = await readManifest(checkpointFolder(run.folder, 6));
    expect(bestValidation).toEqual({ step: 2, loss: validations[1]!.aggregate.loss });
  });
});

it("the aggregate of a validation weighs each dataset and control mode by the recipe's weights", () => {
  // The robotless dataset, of weight 2, has no loss of this policy.
  const weights = { "arm / joint": 3, "arm / ee": 0.5, "twin / joint": 1, "cart / ee": 1.5 };
  for (const { groups, aggregate } of validations) {
    const losses = new Map(groups.map(({ dataset, controlMode, loss }) => [`${dataset} / ${controlMode}`, loss]));
    expect(losses.get("questions / none")).toBeNull();
    const sum = Object.entries(weights).reduce((total, [name, weight]) => total + weight * losses.get(name)!, 0);
    expect(aggregate.loss).toBeCloseTo(sum / 6, 12);
  }
});
