import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBits } from "../../../src/graph/testing/bits.ts";
import { flowInputs, velocityName } from "../../../src/objective/flow.ts";
import { type MicroBatch, microBatchOf } from "../../../src/objective/micro-batch.ts";
import { traceObjectives } from "../../../src/objective/objective.ts";
import { teachesInput } from "../../../src/objective/traced.ts";
import { recordAll } from "../record.ts";
import { batchesOf, stateBefore } from "../training.ts";
import { type Job, recorded, robotNames, type Training } from "./design.ts";
import { type Opened, openJob, trainingSetting, trainingTarget } from "./opened.ts";

/** Which cells of the velocity teach. */
const taught = teachesInput(velocityName);
const scratch = await mkdtemp(join(tmpdir(), "armature-input-side-mask-"));
const folders = { data: join(scratch, "data"), cache: join(scratch, "cache") };
const trainings: readonly Training[] = ["A", "B", "D"];
const opened = new Map<Training, Opened>();

/** A training as far as it can differ: what a step is fed, and the weights that it begins with. */
async function beginning(training: Training, job: Pick<Job, "study">) {
  const own = opened.get(training) ?? (await openJob({ ...job, training, seed: 3, robot: null }, folders));
  opened.set(training, own);
  const { batches } = await batchesOf(own)(17);
  const micro = microBatchOf(batches[0]!, trainingTarget(own, training), "as drawn");
  const { parameters } = traceObjectives(trainingSetting(own, training));
  return { batch: batches[0]!, micro, weights: stateBefore(parameters, 3).parameters };
}

function cellsOf({ feeds }: MicroBatch, name: string): number[] {
  return [...feeds.get(name)!.cells].map(Number);
}

beforeAll(async () => {
  await recordAll({
    ...recorded,
    root: join(folders.data, "state"),
    robots: robotNames,
    observation: "state",
    episodes: 3,
  });
});

afterAll(async () => {
  for (const { maker } of opened.values()) await maker.close();
  await rm(scratch, { recursive: true });
});

describe("cells of one seed differ in unreal dims alone", () => {
  it("sees the same samples, states, times and noise of real cells", async () => {
    const [a, b, d] = await Promise.all(trainings.map((training) => beginning(training, { study: "core" })));
    const isReal = d!.micro.feeds.get("dofReal")!.cells;
    expect(d!.micro.provenance).toEqual(a!.micro.provenance);
    for (const name of d!.micro.feeds.keys()) {
      if (name === flowInputs.noise || name === taught) continue;
      for (const other of [a!, b!]) expectSameBits(name, other.micro.feeds.get(name), d!.micro.feeds.get(name));
    }
    const [rows, steps, width] = [64, 16, 32];
    const noises = [a!, b!, d!].map(({ micro }) => cellsOf(micro, flowInputs.noise));
    expectSameBits("noise", noises[0], noises[1]);
    let unreal = 0;
    for (let at = 0; at < rows * steps * width; at++) {
      const row = Math.floor(at / (steps * width));
      if (isReal[row * width + (at % width)] === 1) expect(noises[1]![at]).toBe(noises[2]![at]);
      else {
        unreal++;
        expect(noises[2]![at]).toBe(0);
      }
    }
    // 26 real dims of 4 · 32, four robots in equal shares.
    expect(unreal / (rows * steps * width)).toBeCloseTo(1 - 26 / 128, 1);
    expect(noises[1]!.filter((value) => value === 0).length).toBeLessThan(10);
  });

  it("teaches the same cells in B and D, and in A every dim of the same steps", async () => {
    const [a, b, d] = await Promise.all(trainings.map((training) => beginning(training, { study: "core" })));
    const bits = [a!, b!, d!].map(({ micro }) => cellsOf(micro, taught));
    expectSameBits("which cells teach", bits[1], bits[2]);
    expect(bits[0]!.every((bit, at) => bit >= bits[1]![at]!)).toBe(true);
    const steps = cellsOf(a!.micro, "stepReal");
    expectSameBits(
      "which cells teach",
      bits[0],
      steps.flatMap((isReal) => new Array(32).fill(isReal)),
    );
    expect(b!.micro.counts).toEqual(d!.micro.counts);
  });

  it("begins with the same weights", async () => {
    const [a, b, d] = await Promise.all(trainings.map((training) => beginning(training, { study: "core" })));
    expect([...d!.weights.keys()]).toContain("action.in.weight");
    for (const other of [a!, b!]) {
      expect([...other.weights.keys()]).toEqual([...d!.weights.keys()]);
      expectSameBits("weights", other.weights, d!.weights);
    }
  });
});

it("E1 keeps the dofs and states of robots in slots of their own", async () => {
  const own = await openJob({ study: "native", training: "D", seed: 1, robot: null }, folders);
  const { members } = own.plan.mixture;
  await own.maker.close();
  for (const entries of [members.map((one) => one.embodiment.dofs), members.map((one) => one.embodiment.states)]) {
    const slots = entries.flat().map(({ slot }) => slot);
    expect(slots).toEqual(slots.map((_, at) => at));
  }
});
