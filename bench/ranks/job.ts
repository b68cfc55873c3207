import { writeSync } from "node:fs";
import { z } from "zod";
import { cacheFolder } from "../../src/cache-folder.ts";
import { initialValues } from "../../src/nn/parameter.ts";
import { ownRecipe } from "../../src/own-package.ts";
import { openWorld } from "../../src/ranks/open-world.ts";
import { RankedSum } from "../../src/ranks/ranked-sum.ts";
import { loadRecipe } from "../../src/recipe/file.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { trainedBy } from "../../src/training/begin.ts";
import { Run } from "../../src/training/run.ts";
import { type Beginning, shareTrained, stateOverRanks } from "../../src/training/shared-state.ts";
import { median } from "../turns.ts";
import { computedForward, type Forward, measureForward, msOf, waitedForward } from "./forward.ts";
import { type JobRequest, jobRequestSchema, type Pass, type TrainingTimes } from "./request.ts";
import { repeatedMs, type Turn, wayNames, ways } from "./schedule.ts";

/** A rank that is late by this has been lost. */
const deadlineSeconds = 120;

/** Numbers of a row: a place, a dataset, a control mode, and a sum and a count of squared errors. */
const width = 5;

const request = jobRequestSchema.parse(JSON.parse(z.string().parse(process.argv[2])));
const world = await openWorld(process.env, { deadlineSeconds });
// The command that started the job holds the other end; where it is stopped, however that is, so is the job.
if (world.rank === 0) process.stdin.on("end", () => process.exit(1)).resume();
const result = await resultOf(request);
await world.close();
if (world.rank === 0) writeSync(1, `${JSON.stringify({ result })}\n`);
process.exit(0);

async function resultOf(job: JobRequest): Promise<unknown> {
  const recipe = await loadRecipe(ownRecipe("real-mixture"));
  const policy = { ...recipe, policy: { ...recipe.policy, size: "micro" as const } };
  switch (job.kind) {
    case "forward":
      return await measureForward(await computedForward(policy, job.sizes), job.sizes, job.rounds);
    case "validation": {
      const forward = job.waits ? waitedForward(job.times) : await computedForward(policy, sizesOf(job.times));
      return await validate(job, forward);
    }
    case "training":
      return await trainingTimes({ ...recipe, threads: job.threads, batch: job.batch }, job.steps);
  }
}

function sizesOf(times: Readonly<Record<string, number>>): number[] {
  return Object.keys(times).map(Number);
}

/** Every way once per round, the order reversed from round to round. */
async function validate(job: Extract<JobRequest, { kind: "validation" }>, forward: Forward): Promise<Pass[]> {
  const passes: Pass[] = [];
  for (const rows of sizesOf(job.times)) await forward(rows);
  for (let round = 0; round < job.rounds; round++)
    for (const way of round % 2 === 0 ? wayNames : wayNames.toReversed()) {
      const turns = ways[way](job.frames, job.microBatch, world.size)[world.rank]!;
      await world.barrier("start");
      const start = performance.now();
      const busyMs = await pass(turns, forward);
      const wallMs = performance.now() - start;
      const repeated = repeatedMs(turns, (rows) => msOf(job.times, rows));
      const sums = await world.sum("shares", Float64Array.of(busyMs, repeated));
      const longest = (await world.max("wall", Float64Array.of(wallMs)))[0]!;
      const all = longest * world.size;
      passes.push({ way, round, wallMs: longest, idle: 1 - sums[0]! / all, repeated: sums[1]! / all });
    }
  return passes;
}

/** Milliseconds in which this rank computed. What it found since the last meeting goes into the next one. */
async function pass(turns: readonly Turn[], forward: Forward): Promise<number> {
  let [busyMs, rows] = [0, 0];
  for (const turn of turns) {
    if (turn.kind === "compute") {
      const start = performance.now();
      await forward(turn.rows);
      busyMs += performance.now() - start;
      rows += turn.rows;
      continue;
    }
    await meet(rows);
    rows = 0;
  }
  return busyMs;
}

/** What every rank found since the last meeting goes to all: one gather, whichever way. */
async function meet(rows: number): Promise<void> {
  await world.gather("rows", new Uint8Array(new Float64Array(rows * width).buffer));
}

/** Steps of a recipe on its own data, each followed by a sum of gradients alone, and by the new weights of each rank sent to all. */
async function trainingTimes(recipe: Recipe, steps: number): Promise<TrainingTimes> {
  const run = await Run.open(recipe, cacheFolder("statistics"), world);
  const { state } = await stateOverRanks(world, world.rank === 0 ? newBeginning(recipe, run) : null, {
    forms: run.parameters,
    trained: trainedBy(recipe, run.parameters),
    keepsAverages: recipe.optimizer.ema !== null,
    isDivided: true,
    moments: recipe.optimizer.moments ?? "float32",
    seed: recipe.seed,
  });
  const trainer = await run.trainerFor(state);
  const parameters = trainer.trained.reduce(
    (sum, { shape }) => sum + shape.reduce((cells, size) => cells * size, 1),
    0,
  );
  const sum = new RankedSum(world, () => ({ cells: new Float32Array(parameters) }));
  const warmup = 2;
  const next = run.stepShares(0, steps + warmup);
  const [stepMs, reduceMs, shareMs]: [number[], number[], number[]] = [[], [], []];
  for (let step = 0; step < steps + warmup; step++) {
    const share = await next();
    await world.barrier("step");
    const start = performance.now();
    await trainer.step(share, recipe.optimizer.peak);
    const trained = performance.now();
    const { start: from, end } = sum.begin(share.microBatches);
    for (let micro = from; micro < end; micro++) sum.add(sum.storage());
    await world.barrier("reduce");
    const ready = performance.now();
    await sum.total();
    const summed = performance.now();
    await world.barrier("share");
    const apart = performance.now();
    await shareTrained(world, trainer.state());
    if (step < warmup) continue;
    stepMs.push(trained - start);
    reduceMs.push(summed - ready);
    shareMs.push(performance.now() - apart);
  }
  await run.close();
  const medians = { stepMs: median(stepMs), reduceMs: median(reduceMs), shareMs: median(shareMs) };
  return { ...medians, parameters, rows: recipe.batch.size };
}

function newBeginning({ seed }: Recipe, { parameters }: Run): Beginning {
  return { step: 0, best: null, parameters: initialValues(parameters, seed), moments: null };
}
