import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkpointFiles } from "./checkpoint.ts";
import { chosenCheckpoint, runOf } from "./chosen.ts";
import { checkpointFolder, writeCheckpoint } from "./store.ts";
import { facts, weights } from "./testing/checkpoint.ts";

let run = "";
beforeAll(async () => {
  run = await mkdtemp(join(tmpdir(), "armature-chosen-"));
  for (const step of [3, 20, 1_234_567]) await writeCheckpoint(run, facts(step), weights(step));
  await writeCheckpoint(run, facts(30), weights(30));
  await truncate(join(checkpointFolder(run, 30), checkpointFiles.parameters), 9);
});
afterAll(() => rm(run, { recursive: true }));

describe("a path names", () => {
  it("the newest whole checkpoint of a run", async () => {
    expect(await chosenCheckpoint(run)).toEqual({
      step: 1_234_567,
      folder: checkpointFolder(run, 1_234_567),
      notes: [],
    });
    expect(runOf(run)).toBe(run);
  });

  it.each([3, 20, 1_234_567])("the checkpoint of step %i", async (step) => {
    const folder = checkpointFolder(run, step);
    expect(await chosenCheckpoint(folder)).toEqual({ step, folder, notes: [] });
    expect(await chosenCheckpoint(`${folder}/`)).toEqual({ step, folder, notes: [] });
    expect([runOf(folder), runOf(`${folder}/`)]).toEqual([run, run]);
  });

  it("no checkpoint where none is there, or it is not whole, and says which are", async () => {
    await expect(chosenCheckpoint(join(run, "nowhere"))).rejects.toThrow("expected a run with a checkpoint, got none");
    await expect(chosenCheckpoint(checkpointFolder(run, 21))).rejects.toThrow(
      /000021: expected a whole checkpoint, got nothing there; the run's whole ones are of step 3, 20, 1234567$/,
    );
    await expect(chosenCheckpoint(checkpointFolder(run, 30))).rejects.toThrow(
      /000030: expected a whole checkpoint, got parameters.safetensors: expected \d+ bytes, got 9;/,
    );
  });

  it("a run of which no checkpoint is whole: it says why the last is not, rather than that none is there", async () => {
    const other = await mkdtemp(join(tmpdir(), "armature-chosen-"));
    const folder = await writeCheckpoint(other, facts(30), weights(30));
    await truncate(join(folder, checkpointFiles.parameters), 9);
    await expect(chosenCheckpoint(other)).rejects.toThrow(
      /expected a whole checkpoint, got .*000030: parameters.safetensors: expected \d+ bytes, got 9$/,
    );
    await rm(other, { recursive: true });
  });

  it("a run where it only looks like a checkpoint's", () => {
    for (const path of ["runs/20", "checkpoints/20", "runs/checkpoints/0000020", "runs/checkpoints/000020.partial"])
      expect(runOf(path)).toBe(path);
  });
});
