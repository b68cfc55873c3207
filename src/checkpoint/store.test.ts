import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { InputError } from "../input-error.ts";
import { readManifest, readParameters, readWeights } from "./checkpoint.ts";
import { decodeStatistics } from "./robot-record.ts";
import { checkpointFolder, latestCheckpoint, listCheckpoints, pruneCheckpoints, writeCheckpoint } from "./store.ts";
import { facts, rampArray, statistics, weights } from "./testing/checkpoint.ts";
import type { Weights } from "./weights.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-store-"));
});
afterEach(() => rmSync(run, { recursive: true }));

async function problem(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.catch((found: unknown) => found);
  expect(error).toBeInstanceOf(InputError);
  return String(error).replaceAll(run, "");
}

async function latestStep(): Promise<number | undefined> {
  return (await latestCheckpoint(run))?.step;
}

describe("a stored checkpoint", () => {
  it("gives back every number, shape, axis and fact", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    expect(folder).toBe(join(run, "checkpoints", "000020"));
    expect(readdirSync(folder).sort()).toEqual([
      "ema.safetensors",
      "manifest.json",
      "optimizer.safetensors",
      "parameters.safetensors",
    ]);
    const manifest = await readManifest(folder);
    expect(manifest).toMatchObject(facts(20));
    expect(manifest.parameters).toEqual({
      embedding: { axes: "y", shape: [4], trains: false },
      "head.weight": { axes: "e d", shape: [3, 2], trains: true },
    });
    expectSameBits("weights", await readWeights(folder, manifest), weights(20));
    expect(decodeStatistics(manifest.statistics["dataset pusht / ee"]!.action)).toEqual(statistics);
  });

  it("averages a frozen parameter to itself", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    const averaged = new Map([...weights(20).parameters, ...weights(20).ema!]);
    expectSameBits("averages", await readParameters(folder, await readManifest(folder), "ema"), averaged);
    const { parameters } = weights(20);
    const trained = { parameters, firstMoments: parameters, secondMoments: parameters, ema: weights(21).parameters };
    const other = await writeCheckpoint(run, facts(21), trained);
    expectSameBits("averages", await readParameters(other, await readManifest(other), "ema"), weights(21).parameters);
  });

  it("has the same bytes when it is written again, and takes the place of one of its step", async () => {
    const read = (folder: string): string[] =>
      readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const once = read(await writeCheckpoint(run, facts(20), weights(20)));
    await writeCheckpoint(run, facts(20), weights(21));
    expectOtherBits("files", read(checkpointFolder(run, 20)), once);
    expectSameBits("files", read(await writeCheckpoint(run, facts(20), weights(20))), once);
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["000020"]);
  });

  it("says so where a run keeps no averages", async () => {
    const folder = await writeCheckpoint(run, facts(1), { ...weights(1), ema: null });
    const manifest = await readManifest(folder);
    expect((await readWeights(folder, manifest)).ema).toBeNull();
    expect(await problem(readParameters(folder, manifest, "ema"))).toContain("expected averaged parameters");
  });

  it("refuses moments that are not of the parameters", async () => {
    const misfits: Partial<Weights>[] = [
      { firstMoments: new Map([["head.weight", rampArray("e d", [2, 3], 0)]]) },
      { firstMoments: new Map([["tail", rampArray("e d", [3, 2], 0)]]) },
      { secondMoments: new Map() },
      { ema: new Map() },
      { ema: weights(1).parameters },
    ];
    for (const misfit of misfits)
      await expect(writeCheckpoint(run, facts(1), { ...weights(1), ...misfit })).rejects.toBeInstanceOf(RangeError);
    expect(await latestStep()).toBeUndefined();
    expect(readdirSync(join(run, "checkpoints"))).toEqual([]);
  });
});

describe("a damaged checkpoint", () => {
  it("is named by file when one byte has changed", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    const path = join(folder, "optimizer.safetensors");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const manifest = await readManifest(folder);
    expect(await problem(readWeights(folder, manifest))).toMatch(
      /000020\/optimizer.safetensors: expected sha256 .* damaged/,
    );
    expectSameBits("parameters", await readParameters(folder, manifest, "parameters"), weights(20).parameters);
  });

  it("is passed over when a file is short, absent or its manifest is torn, and reported", async () => {
    for (const step of [10, 20, 30, 40]) await writeCheckpoint(run, facts(step), weights(step));
    writeFileSync(join(checkpointFolder(run, 20), "parameters.safetensors"), "short");
    rmSync(join(checkpointFolder(run, 30), "ema.safetensors"));
    const manifest = join(checkpointFolder(run, 40), "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").slice(0, 300));
    const { whole, damaged } = await listCheckpoints(run);
    expect(whole.map(({ step }) => step)).toEqual([10]);
    expect(damaged.map(({ reason }) => reason.replaceAll(run, ""))).toEqual([
      expect.stringMatching(/^parameters.safetensors: expected \d+ bytes, got 5$/),
      expect.stringContaining("ema.safetensors"),
      expect.stringContaining("/checkpoints/000040/manifest.json: expected a manifest in JSON"),
    ]);
    await writeCheckpoint(run, facts(40), weights(40));
    expect(await latestStep()).toBe(40);
  });

  it("is refused where its manifest has an unknown or a missing key, or belongs to another step", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    const path = join(folder, "manifest.json");
    const { device, ...rest } = await readManifest(folder);
    writeFileSync(path, JSON.stringify({ ...rest, devise: device }));
    expect(await problem(readManifest(folder))).toBe(
      'InputError: /checkpoints/000020/manifest.json: device: expected "cpu" or "cuda" or "webgpu", got nothing; ' +
        'unknown key "devise"; did you mean "device"?',
    );
    const narrow = structuredClone(rest.statistics);
    narrow["dataset pusht / ee"]!.action.std = [];
    writeFileSync(path, JSON.stringify({ ...rest, device, statistics: narrow }));
    expect(await problem(readManifest(folder))).toContain("pusht / ee.action: expected one width of mean, std");
    writeFileSync(path, JSON.stringify({ ...rest, device, step: 21 }));
    expect((await listCheckpoints(run)).damaged[0]?.reason).toBe(
      "expected the manifest of step 20, got that of step 21",
    );
  });

  it("is refused where the manifest and a file disagree about the tensors", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    const manifest = await readManifest(folder);
    const { embedding, ...without } = manifest.parameters;
    expect(await problem(readWeights(folder, { ...manifest, parameters: without }))).toContain("got also embedding");
    const longer = { ...without, embedding: { ...embedding!, shape: [5] } };
    expect(await problem(readWeights(folder, { ...manifest, parameters: longer }))).toContain(
      'parameters.safetensors: expected tensor "embedding" as float32 [5], got float32 [4]',
    );
    const training = { ...without, embedding: { ...embedding!, trains: true } };
    expect(await problem(readWeights(folder, { ...manifest, parameters: training }))).toContain(
      'optimizer.safetensors: expected tensor "first.embedding" as float32 [4], got none',
    );
  });
});

describe("a run's checkpoints", () => {
  it("are listed by step, and foreign names are passed over", async () => {
    for (const step of [1_234_567, 3, 20]) await writeCheckpoint(run, facts(step), weights(step));
    writeFileSync(join(run, "checkpoints", "notes.txt"), "");
    writeFileSync(join(run, "checkpoints", "0000020"), "");
    expect((await listCheckpoints(run)).whole.map(({ step }) => step)).toEqual([3, 20, 1_234_567]);
    expect((await listCheckpoints(run)).damaged).toEqual([]);
  });

  it("are none where there is no run", async () => {
    expect(await latestCheckpoint(join(run, "nowhere"))).toBeNull();
  });

  it("are deleted but for the last ones and the best", async () => {
    for (const step of [10, 20, 30, 40]) await writeCheckpoint(run, facts(step), weights(step));
    await pruneCheckpoints(run, 2, 10);
    expect(readdirSync(join(run, "checkpoints")).sort()).toEqual(["000010", "000030", "000040"]);
    await pruneCheckpoints(run, 1, null);
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["000040"]);
  });
});
