import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectSameBits } from "../graph/testing/bits.ts";
import { readManifest, readWeights } from "./checkpoint.ts";
import { latestCheckpoint, listCheckpoints, pruneCheckpoints, writeCheckpoint } from "./store.ts";
import { facts, weights } from "./testing/checkpoint.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-writer-"));
});
afterEach(() => rmSync(run, { recursive: true }));

/** A program that writes checkpoints of `cells` cells, one step after the other, and says when each is there. */
function writer(cells: number): string {
  const url = (name: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  return `
    import { writeCheckpoint } from ${url("store.ts")};
    import { HostArray } from ${url("../graph/host-array.ts")};
    const facts = ${JSON.stringify(facts(0))};
    for (let step = Number(process.env.FIRST_STEP); ; step++) {
      const arrays = () => new Map([["weight", new HostArray("e", [${cells}], "float32", new Float32Array(${cells}).fill(step))]]);
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
    const latest = (await latestCheckpoint(run))!;
    expectSameBits("weights", await readWeights(latest.folder, await readManifest(latest.folder)), weights(1));
  });
});
