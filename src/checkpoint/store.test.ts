import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Statistics } from "../dataset/statistics.ts";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { type CheckpointFacts, readManifest, readParameters, readWeights } from "./checkpoint.ts";
import { decodeStatistics, encodeStatistics } from "./robot-record.ts";
import { checkpointFolder, latestCheckpoint, listCheckpoints, pruneCheckpoints, writeCheckpoint } from "./store.ts";
import type { NamedArrays, Weights } from "./weights.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-store-"));
});
afterEach(() => rmSync(run, { recursive: true }));

/** Numbers that a short decimal would not bring back. */
const statistics: Statistics = {
  count: 3,
  mean: Float64Array.of(0.1 + 0.2),
  std: Float64Array.of(1 / 3),
  min: Float64Array.of(-5e-324),
  max: Float64Array.of(Number.MAX_VALUE),
  q01: Float64Array.of(-1e-300),
  q99: Float64Array.of(2 / 7),
};

function facts(step: number): CheckpointFacts {
  return {
    step,
    recipe: { name: "example", seed: 7, batch: { size: 4 } },
    conventions: {
      timeDirection: "noise-at-one",
      unrealInput: "zero",
      supervision: "allReal",
      pastEndKeys: "hidden",
      crossAttentionKeys: "real",
      reduction: "cells",
      normalizationEpsilon: 1e-6,
      zeroRange: "zero",
      coincidingQuantiles: "min-max",
    },
    threads: 1,
    device: "cpu",
    sampler: { seed: 7, step },
    members: [
      {
        name: "pusht / ee",
        dataset: "pusht",
        controlMode: "ee",
        head: "dataset pusht / ee",
        framesPerSecond: 10,
        embodiment: {
          robotType: "unknown",
          controlMode: "ee",
          dofs: [{ name: "x", unit: "m", part: "body", kind: "continuous", slot: 3, state: 0 }],
          states: [{ name: "x", unit: "m", part: "body", kind: "continuous", slot: 0 }],
          cameras: [{ view: "base", key: null }],
          columns: {
            action: [{ key: "action", entries: [1] }],
            state: [{ key: "observation.state", entries: [1] }],
            prompt: { kind: "fixed", text: "push" },
          },
          target: "actions",
        },
      },
    ],
    statistics: { "dataset pusht / ee": { state: encodeStatistics(statistics), action: encodeStatistics(statistics) } },
    bestValidation: { step: 10, loss: 0.25 },
  };
}

function array(axes: string, shape: readonly number[], first: number): HostArray<string, "float32"> {
  const cells = Float32Array.from(
    { length: shape.reduce((product, size) => product * size, 1) },
    (_, at) => first + at / 3,
  );
  return new HostArray(axes, shape, "float32", cells);
}

/** Two parameters, of which the embedding is frozen. */
function weights(step: number): Weights {
  const head = (first: number): NamedArrays => new Map([["head.weight", array("x d", [3, 2], first)]]);
  return {
    parameters: new Map([...head(step), ["embedding", array("y", [4], -step)]]),
    firstMoments: head(step + 0.5),
    secondMoments: head(step + 0.25),
    ema: head(step / 2),
  };
}

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
      "head.weight": { axes: "x d", shape: [3, 2], trains: true },
    });
    expect(await readWeights(folder, manifest)).toEqual(weights(20));
    expect(decodeStatistics(manifest.statistics["dataset pusht / ee"]!.action)).toEqual(statistics);
  });

  it("averages a frozen parameter to itself", async () => {
    const folder = await writeCheckpoint(run, facts(20), weights(20));
    const averaged = new Map([...weights(20).parameters, ...weights(20).ema!]);
    expect(await readParameters(folder, await readManifest(folder), "ema")).toEqual(averaged);
    const { parameters } = weights(20);
    const trained = { parameters, firstMoments: parameters, secondMoments: parameters, ema: weights(21).parameters };
    const other = await writeCheckpoint(run, facts(21), trained);
    expect(await readParameters(other, await readManifest(other), "ema")).toEqual(weights(21).parameters);
  });

  it("has the same bytes when it is written again, and takes the place of one of its step", async () => {
    const read = (folder: string): string[] =>
      readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const once = read(await writeCheckpoint(run, facts(20), weights(20)));
    await writeCheckpoint(run, facts(20), weights(21));
    expect(read(checkpointFolder(run, 20))).not.toEqual(once);
    expect(read(await writeCheckpoint(run, facts(20), weights(20)))).toEqual(once);
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
      { firstMoments: new Map([["head.weight", array("x d", [2, 3], 0)]]) },
      { firstMoments: new Map([["tail", array("x d", [3, 2], 0)]]) },
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
    expect(await readParameters(folder, manifest, "parameters")).toEqual(weights(20).parameters);
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

/** A program that writes checkpoints of `cells` cells, one step after the other, and says when each is there. */
function writer(cells: number): string {
  const url = (name: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  return `
    import { writeCheckpoint } from ${url("store.ts")};
    import { HostArray } from ${url("../graph/host-array.ts")};
    const facts = ${JSON.stringify(facts(0))};
    for (let step = Number(process.env.FIRST_STEP); ; step++) {
      const arrays = () => new Map([["weight", new HostArray("x", [${cells}], "float32", new Float32Array(${cells}).fill(step))]]);
      await writeCheckpoint(process.env.RUN, { ...facts, step },
        { parameters: arrays(), firstMoments: arrays(), secondMoments: arrays(), ema: arrays() });
      process.stdout.write(step + "\\n");
    }`;
}

describe("a writer that is stopped from outside", () => {
  it("leaves the last whole checkpoint, whenever it is killed", async () => {
    let reached = 0;
    for (let kill = 0; kill < 8; kill++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", writer(1 << 18)], {
        env: { ...process.env, RUN: run, FIRST_STEP: String(reached + 1) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const written: number[] = [];
      let isFirst = true;
      await new Promise<void>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", () => resolve());
        child.stdout.on("data", (text: Buffer) => {
          written.push(...text.toString().trim().split("\n").map(Number));
          // The moments differ from round to round, and fall anywhere within the writing of a checkpoint.
          if (isFirst) void setTimeout(5 + 13 * kill).then(() => child.kill("SIGKILL"));
          isFirst = false;
        });
      });
      const latest = (await latestCheckpoint(run))!;
      expect(latest.step).toBeGreaterThanOrEqual(written.at(-1)!);
      const { ema, secondMoments } = await readWeights(latest.folder, await readManifest(latest.folder));
      for (const cells of [ema!.get("weight")!.cells, secondMoments.get("weight")!.cells])
        expect(cells.every((cell) => cell === latest.step)).toBe(true);
      expect((await listCheckpoints(run)).damaged).toEqual([]);
      reached = latest.step;
      await pruneCheckpoints(run, 1, null);
    }
    await writeCheckpoint(run, facts(reached + 1), weights(1));
    expect(readdirSync(join(run, "checkpoints")).filter((name) => name.endsWith(".partial"))).toEqual([]);
  }, 60_000);

  it("names a full disk, cleans up behind itself and leaves the checkpoint before", async () => {
    await writeCheckpoint(run, facts(1), weights(1));
    // A limit on the size of files stands in for the full disk; its signal must be caught or it kills.
    const program = `process.on("SIGXFSZ", () => {});${writer(1 << 18)}`;
    const command = 'ulimit -f 600; exec "$0" --input-type=module -e "$1"';
    const { stderr, status } = spawnSync("sh", ["-c", command, process.execPath, program], {
      env: { ...process.env, RUN: run, FIRST_STEP: "2" },
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("InputError");
    expect(stderr.replaceAll(run, "")).toContain(
      "/checkpoints/000002: expected room for a checkpoint, got a full disk",
    );
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["000001"]);
    expect(existsSync(checkpointFolder(run, 1))).toBe(true);
    expect(await latestStep()).toBe(1);
  });
});
