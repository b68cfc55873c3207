import { existsSync, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEventFile } from "../../src/dashboard/tensorboard/testing/event-file.ts";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { readEvents } from "../../src/training/event-log.ts";
import { armature, awkward, begin, jsonOf, scratch, train } from "./command.ts";
import { checkpointsOf, contents, type RunContents, untilStep } from "./run-files.ts";

let place: Awaited<ReturnType<typeof scratch>>;
let straight = "";
let expected: RunContents = {};

beforeAll(async () => {
  place = await scratch();
  straight = place.path("straight");
  await train("--steps", "40", "--out", straight);
  expected = await contents(straight);
});
afterAll(() => place.remove());

describe("a run of 40 steps", () => {
  it("leaves weights, moments, averages, manifest and events", () => {
    expect(Object.keys(expected).sort()).toEqual([
      "ema.safetensors",
      "events",
      "manifest.json",
      "optimizer.safetensors",
      "parameters.safetensors",
    ]);
    expect(expected.events?.at(-1)).toContain('"step":40');
  });

  it("is the same to the bit when it is run again, also with another number of threads that load", async () => {
    for (const workers of [1, 3]) {
      const again = place.path(`workers-${workers}`);
      await train("--steps", "40", "--out", again, "--set", `data.workers=${workers}`);
      expectSameBits("run", await contents(again), expected);
    }
  });

  it.each([1, 2, 3])("is the same to the bit after kill -9 at some moment and --resume, time %i", async (time) => {
    const run = place.path(`killed-${time}`);
    const running = begin("train", awkward, "--steps", "40", "--out", run, "--log", "tensorboard");
    await untilStep(run, 10, running);
    // A step takes about 10 ms, a checkpoint as long: the three moments fall into either.
    await setTimeout(13 * time);
    running.child.kill("SIGKILL");
    expect((await running.finished).status).toBeNull();
    await train("--steps", "40", "--out", run, "--resume");
    expectSameBits("run", await contents(run), expected);
    // No step is twice in the event file for TensorBoard, which is kept up without being asked for.
    const steps = (await readEvents(run)).flatMap(({ kind, step, loss }) =>
      kind === "step" ? [["train/loss", step, Math.fround(Number(loss))]] : [],
    );
    expect(await scalarsOf(join(run, "tensorboard"), "train/loss")).toEqual(steps);
  });

  it("is the same to the bit after kill -9 inside a checkpoint and --resume", async () => {
    const run = place.path("killed-in-checkpoint");
    await train("--steps", "10", "--out", run);
    const running = begin("train", awkward, "--steps", "40", "--out", run, "--resume");
    const watcher = watch(join(run, "checkpoints"), (_, name) => {
      if (name === "000015.partial") running.child.kill("SIGKILL");
    });
    expect((await running.finished).status).toBeNull();
    watcher.close();
    expect(await checkpointsOf(run)).toContain("000010");
    expect(await checkpointsOf(run)).not.toContain("000015");
    // A run's folder is a recipe as well, and names the run.
    expect((await armature("train", run, "--resume", "--steps", "40")).status).toBe(0);
    expectSameBits("run", await contents(run), expected);
    expect((await checkpointsOf(run)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "stops at %s with a whole checkpoint and goes on from there",
    async (signal) => {
      const run = place.path(signal);
      const running = begin("train", awkward, "--out", run, "--json", "--set", "checkpoint.everySteps=1000");
      await untilStep(run, 3, running);
      running.child.kill(signal);
      const { step, isInterrupted, loss } = jsonOf(await running.finished);
      expect({ isInterrupted, loss }).toEqual({ isInterrupted: true, loss: expect.any(Number) });
      expect(await checkpointsOf(run)).toEqual([String(step).padStart(6, "0")]);
      const settings = ["--set", "checkpoint.everySteps=1000", "--out", run];
      await train("--steps", "40", "--resume", ...settings);
      expectSameBits("run", { ...(await contents(run)), "manifest.json": "" }, { ...expected, "manifest.json": "" });
    },
  );

  it("stopped before its first step has a whole checkpoint too, and goes on from there", async () => {
    const run = place.path("early");
    const running = begin("train", awkward, "--out", run, "--json");
    // The events' file is there before the first validation, at whose end the signal is heard.
    while (!existsSync(join(run, "events.jsonl"))) await setTimeout(1);
    running.child.kill("SIGINT");
    const { step, isInterrupted } = jsonOf(await running.finished);
    expect(isInterrupted).toBe(true);
    expect(await checkpointsOf(run)).toEqual([String(step).padStart(6, "0")]);
    await train("--steps", "40", "--resume", "--out", run);
    expectSameBits("run", await contents(run), expected);
  });

  it("has the learning rates of its recipe at every step, wherever it stops", async () => {
    const run = place.path("five");
    await train("--steps", "5", "--out", run);
    const rates = async (folder: string) =>
      (await readEvents(folder)).flatMap(({ kind, learningRate }) => (kind === "step" ? [learningRate] : []));
    const [five, all] = [await rates(run), await rates(straight)];
    expect(five).toHaveLength(5);
    expect(new Set(all).size).toBe(40);
    expect(five).toEqual(all.slice(0, 5));
    // Warm-up over 4 steps to 1e-2, then a cosine over 40: the first step at 1/5 of the peak.
    expect(all[0]).toBeCloseTo(2e-3, 12);
  });
});

/** A number of all event files of a folder. */
async function scalarsOf(folder: string, name: string): Promise<[tag: string, step: number, value: number][]> {
  const files = (await readdir(folder)).sort().map((file) => readEventFile(join(folder, file)));
  return files
    .flat()
    .flatMap(({ step, scalars }) =>
      scalars.flatMap(([tag, value]): [string, number, number][] => (tag === name ? [[tag, step, value]] : [])),
    );
}
