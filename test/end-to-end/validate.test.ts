import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkpointFiles } from "../../src/checkpoint/checkpoint.ts";
import { readSafetensors } from "../../src/checkpoint/safetensors.ts";
import { checkpointFolder } from "../../src/checkpoint/store.ts";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { readEvents } from "../../src/training/event-log.ts";
import { armature, awkward, jsonOf, scratch, train } from "./command.ts";

let place: Awaited<ReturnType<typeof scratch>>;
let run = "";
let trained: Record<string, unknown> = {};

beforeAll(async () => {
  place = await scratch();
  run = place.path("run");
  trained = await train("--steps", "12", "--out", run);
});
afterAll(() => place.remove());

async function validate(folder: string, ...words: readonly string[]): Promise<Record<string, unknown>> {
  return jsonOf(await armature("validate", folder, "--json", "--action-samples", "0", ...words));
}

/** Of two lists of numbers, the length of the difference beside that of the first. */
function relativeDistance(one: readonly number[], other: readonly number[]): number {
  const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(one.map((value, at) => value - other[at]!)) / squares(one));
}

async function momentsOf(folder: string, step: number): Promise<number[]> {
  const tensors = await readSafetensors(join(checkpointFolder(folder, step), checkpointFiles.optimizer));
  const names = [...tensors.keys()].filter((name) => name.startsWith("first.")).sort();
  return names.flatMap((name) => Array.from(tensors.get(name)!.cells, Number));
}

describe("a validation", () => {
  it("has a group for each dataset and control mode, also for two modes of one dataset", () => {
    expect(trained.validation).toMatchObject({
      weights: "ema",
      samples: 25,
      groups: [
        { dataset: "questions", controlMode: "none", samples: 5, loss: null, tokens: null },
        { dataset: "arm", controlMode: "joint", samples: 5, tokens: null },
        { dataset: "arm", controlMode: "ee", samples: 5, tokens: null },
        { dataset: "twin", controlMode: "joint", samples: 5, tokens: null },
        { dataset: "cart", controlMode: "ee", samples: 5, tokens: null },
      ],
    });
  });

  it("gives the numbers that training printed, to the bit, also at another training batch size", async () => {
    for (const settings of [[], ["--set", "batch.size=4", "--set", "batch.microBatch=4", "--set", "data.workers=3"]]) {
      const { actionErrors, ...found } = await validate(run, ...settings);
      expect(found).toEqual({ ...Object(trained.validation), step: 12, ranks: 1, seconds: expect.any(Number) });
      expect(actionErrors).toEqual([]);
    }
    const { seconds, ranks, ...printed } = Object(trained.validation);
    expect([seconds, ranks]).toEqual([expect.any(Number), 1]);
    expect((await readEvents(run)).at(-1)).toEqual({ kind: "validation", ...printed });
  });

  it("of an earlier checkpoint gives the numbers that training printed at its step", async () => {
    const { step, groups } = await validate(checkpointFolder(run, 10));
    const event = (await readEvents(run)).find(({ kind, step }) => kind === "validation" && step === 10);
    expect({ step, groups }).toEqual({ step: 10, groups: Object(event).groups });
  });

  it("says whose weights it measures, and raw weights are others than their averages", async () => {
    const { weights, aggregate } = await validate(run, "--set", "validation.weights=parameters");
    expect(weights).toBe("parameters");
    expect(aggregate).not.toEqual(Object(trained.validation).aggregate);
    expect((await armature("validate", run)).out).toContain("velocity loss of EMA weights");
    const raw = await armature("validate", run, "--set", "validation.weights=parameters");
    expect(raw.out).toContain("velocity loss of raw weights");
  });
});

describe("a run that begins with another's weights", () => {
  it("begins where the other ended, with a new optimizer, and can be resumed before its first checkpoint", async () => {
    const begun = place.path("begun");
    const { initialValidation } = await train("--steps", "1", "--out", begun, "--init", run);
    const { groups } = await validate(run, "--set", "validation.weights=parameters");
    expect(Object(initialValidation).groups).toEqual(groups);
    const parameters = (folder: string, step: number) =>
      readSafetensors(join(checkpointFolder(folder, step), checkpointFiles.parameters));
    expectSameBits("parameters", await parameters(begun, 0), await parameters(run, 12));
    expect((await momentsOf(begun, 0)).every((value) => value === 0)).toBe(true);
  });

  it("refuses weights of another policy before it makes a folder, with the names and shapes of what differs", async () => {
    const other = place.path("other");
    const words = ["--steps", "1", "--out", other, "--init", run, "--set", "policy.size=mini"];
    const { status, err } = await armature("train", awkward, ...words);
    expect(status).toBe(2);
    expect(err).toMatch(
      /expected the policy's own parameters, got 48 leftover: vision\.tower\.layer\.1\.key\.bias.* of another shape: .*expected .* got .*\n$/,
    );
    await expect(readFile(join(other, "recipe.json"))).rejects.toThrow("ENOENT");
  });
});

describe("micro-batches", () => {
  it("add up to the gradient and the loss of one batch", async () => {
    const found = [];
    for (const rows of [2, 3, 7]) {
      const folder = place.path(`micro-${rows}`);
      const { loss } = await train("--steps", "1", "--out", folder, "--set", `batch.microBatch=${rows}`);
      found.push({ loss: Number(loss), moments: await momentsOf(folder, 1) });
    }
    const whole = found.at(-1)!;
    for (const parts of found.slice(0, -1)) {
      // 1e-6: the same float32 products in sums of another order.
      expect(relativeDistance(whole.moments, parts.moments)).toBeLessThan(1e-6);
      expect(Math.abs(parts.loss / whole.loss - 1)).toBeLessThan(1e-6);
    }
    expect(whole.moments.filter((value) => value !== 0).length).toBeGreaterThan(10_000);
  });
});
