import { z } from "zod";
import { input } from "../graph/array.ts";
import { add } from "../graph/op/elementwise.ts";
import { Program } from "../graph/program.ts";
import { collectGarbage } from "../graph/runtime/free-memory.ts";
import type { World } from "../ranks/world.ts";
import { countedMemoryOf, type MemoryPlan, memoryPlan } from "./memory-plan.ts";
import type { Run } from "./run.ts";

/** Steps, and micro-batches of a validation, that are loaded beforehand: where pictures are kept, they need not be decoded again. */
const tried = 6;

/** Steps whose micro-batches are looked at: they have nearly all shapes that a run has. */
const lookedAt = 100;

/**
 * What the rank of a run will need that needs most, the same at every rank, before anything is computed. The process is measured once all that
 * it brings along is there: threads that load have made their first micro-batches, the runtime has its first program, and what was read only to
 * check the data is gone.
 */
export async function expectedMemory(run: Run, until: number): Promise<MemoryPlan> {
  const { recipe } = run.plan;
  const { device, threads, validation } = recipe;
  const steps = Math.min(until, lookedAt);
  const looked = Array.from({ length: steps }, (_, step) => run.requests(step));
  const requests = {
    training: looked.flatMap((step) => step.requests),
    microBatches: Math.max(1, ...looked.map((step) => step.microBatches)),
    times: until / Math.max(1, steps),
    validation: validation.everySteps > 0 ? run.validationRequests : [],
  };
  const counted = countedMemoryOf(run.plan, run.parameters, {
    ranks: device === "cpu" ? run.world.size : 1,
    requests,
  });
  const held = requests.validation;
  await run.tryLoader([
    ...looked.slice(0, tried).flatMap((step) => step.requests),
    ...held.filter((_, at) => at % Math.ceil(held.length / tried) === 0),
  ]);
  const one = input("one", "i", [1], "float32");
  const first = await Program.compile({ two: add(one, one) }, { device: "cpu", threads, fixed: new Map() });
  collectGarbage();
  const begun = process.memoryUsage.rss();
  first.release();
  return await largestOf(run.world, memoryPlan(counted, begun));
}

async function largestOf(world: World, own: MemoryPlan): Promise<MemoryPlan> {
  const sent = new TextEncoder().encode(JSON.stringify(own));
  const all = await world.gather("expected memory", sent);
  const plans = all.map((bytes) => planSchema.parse(JSON.parse(new TextDecoder().decode(bytes))));
  return plans.reduce((most, plan) => (plan.total > most.total ? plan : most));
}

const planSchema: z.ZodType<MemoryPlan> = z.object({
  weights: z.number(),
  momentsAndAverages: z.number(),
  gradients: z.number(),
  activations: z.number(),
  programs: z.number(),
  pictures: z.number(),
  process: z.number(),
  total: z.number(),
});
