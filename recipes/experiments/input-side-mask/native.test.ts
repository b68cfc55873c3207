import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cutToRobot } from "../../../src/batch/cut.ts";
import { validationRequests } from "../../../src/batch/request.ts";
import { slots } from "../../../src/embodiment/embodiment.ts";
import { expectSameBits } from "../../../src/graph/testing/bits.ts";
import { traceActions } from "../../../src/objective/objective.ts";
import { ActionSampler } from "../../../src/objective/sample.ts";
import { asAsked } from "../../../src/training/action-errors.ts";
import { recordAll } from "../record.ts";
import { stateBefore } from "../training.ts";
import { recorded, robotNames, type Sampling } from "./design.ts";
import { noiseKeys } from "./held-out.ts";
import { type Opened, openJob, samplingSetting } from "./opened.ts";

const scratch = await mkdtemp(join(tmpdir(), "armature-native-width-"));
const folders = { data: join(scratch, "data"), cache: join(scratch, "cache") };
const rows = 16;
let opened: Opened;

beforeAll(async () => {
  await recordAll({
    ...recorded,
    root: join(folders.data, "state"),
    robots: robotNames,
    observation: "state",
    episodes: 2,
  });
  opened = await openJob({ study: "single", training: "D", seed: 1, robot: "pusher" }, folders);
});

afterAll(async () => {
  await opened.maker.close();
  await rm(scratch, { recursive: true });
});

/** Actions of the pusher, three dofs wide, of a policy that is `width` wide; weights of shared rows and columns are equal. */
async function actionsAt(width: number, sampling: Sampling): Promise<number[]> {
  const setting = samplingSetting(opened, sampling, rows);
  const own = { ...setting, layout: { ...setting.layout, actionWidth: width } };
  const [request] = validationRequests(opened.plan.mixture, own.layout, rows);
  const batch = asAsked(await opened.maker.make(request!));
  const weights = stateBefore(traceActions(own).parameters, 5).parameters;
  const machine = { device: "cpu", threads: 1 } as const;
  const sampler = await ActionSampler.compile({ setting: own, weights, placement: "written", answers: null, machine });
  const actions = await sampler.sample(batch, noiseKeys(opened, batch, 0));
  sampler.release();
  const { dofs } = opened.plan.mixture.members[0]!.embodiment;
  return Array.from({ length: rows }, (_, row) => [...cutToRobot(actions, row, slots(dofs)).cells]).flat();
}

it("masking and then truncating is a policy of the robot's own width, to the bit", async () => {
  const native = await actionsAt(3, "zero");
  expect(native).toHaveLength(rows * 16 * 3);
  expect(native.every(Number.isFinite)).toBe(true);
  for (const width of [14, 32, 128]) expectSameBits("actions", await actionsAt(width, "zero"), native);
});

it("truncating without masking is not: the same real noise gives other actions", async () => {
  const [native, wide] = [await actionsAt(3, "noise"), await actionsAt(32, "noise")];
  expectSameBits("actions", native, await actionsAt(3, "zero"));
  const moved = native.map((value, at) => Math.abs(value - wide[at]!));
  expect(moved.reduce((sum, value) => sum + value, 0) / moved.length).toBeGreaterThan(0.01);
});
