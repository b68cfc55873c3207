import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { normalization } from "../../embodiment/normalize.ts";
import type { ForeignPolicy } from "./imported.ts";
import { openpiNames } from "./openpi.ts";
import { openpiRobot } from "./openpi-statistics.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-norm-stats-"));
});
afterAll(() => rm(root, { recursive: true }));

const conventions = {
  unrealInput: "noise",
  actionSight: "both",
  pastEnd: "taught",
  crossAttentionKeys: "real",
  normalizationEpsilon: 1e-6,
  zeroRange: "lower",
  coincidingQuantiles: "epsilon",
} as const;

const policyOf = (variant: "pi0" | "pi05"): ForeignPolicy => ({
  variant,
  size: "micro",
  vocabulary: 9,
  horizon: 2,
  actionWidth: 8,
  stateWidth: 8,
  promptTokens: 4,
  actionTokens: 0,
  cameras: ["base_0_rgb", "left_wrist_0_rgb"],
  conventions,
  names: openpiNames,
});

const own = {
  state: { mean: [1, 10], std: [2, 5], q01: [0, 4], q99: [4, 14] },
  actions: { mean: [0, 0, 3], std: [1, 2, 4], q01: [-1, -2, 0], q99: [1, 2, 8] },
};

/** A folder with statistics at some places below it. */
async function written(name: string, places: readonly string[], vectors: object): Promise<string> {
  const folder = join(root, name);
  for (const place of places) {
    await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, place, "norm_stats.json"), JSON.stringify({ norm_stats: vectors }));
  }
  return folder;
}

describe("openpi's norm_stats.json", () => {
  it("knows a robot's widths, and normalises π0 by mean and deviation", async () => {
    const found = await openpiRobot(await written("beside", ["."], own), policyOf("pi0"));
    expect(found!.robot).toEqual({
      state: { key: "state", names: ["state.0", "state.1"] },
      action: { key: "actions", names: ["actions.0", "actions.1", "actions.2"] },
      cameras: [
        { view: "base_0_rgb", key: "base_0_rgb" },
        { view: "left_wrist_0_rgb", key: "left_wrist_0_rgb" },
      ],
    });
    const { modes, epsilon, state } = found!.normalization;
    const { center, scale } = normalization(modes.state, state, {
      epsilon,
      zeroRange: "lower",
      coincidingQuantiles: "epsilon",
    });
    expect([...center]).toEqual([1, 10]);
    expect([...scale]).toEqual([2 + 1e-6, 5 + 1e-6]);
  });

  it("normalises π0.5 by quantiles: the first to −1 and the last to 1, with openpi's small number between them", async () => {
    const found = await openpiRobot(await written("assets", ["assets/trossen"], own), policyOf("pi05"));
    const { modes, epsilon, action } = found!.normalization;
    const { center, scale } = normalization(modes.action, action, {
      epsilon,
      zeroRange: "lower",
      coincidingQuantiles: "epsilon",
    });
    // 2 · (x − q01) / (q99 − q01 + 1e-6) − 1, from −1 … 1, −2 … 2 and 0 … 8.
    const normalized = (entry: number, value: number) => (value - center[entry]!) / scale[entry]!;
    const wanted = (low: number, high: number, value: number) => (2 * (value - low)) / (high - low + 1e-6) - 1;
    expect(normalized(0, -1)).toBeCloseTo(-1, 12);
    expect(normalized(1, 0.5)).toBeCloseTo(wanted(-2, 2, 0.5), 12);
    expect(normalized(2, 8)).toBeCloseTo(wanted(0, 8, 8), 12);
  });

  it("is none where no file is there", async () => {
    await mkdir(join(root, "none"));
    expect(await openpiRobot(join(root, "none"), policyOf("pi0"))).toBeNull();
  });

  it.each([
    ["several", ["assets/a", "assets/b"], own, "pi0", "expected one norm_stats.json, got "],
    ["malformed", ["."], { state: own.state }, "pi0", "norm_stats.actions: expected"],
    [
      "ragged",
      ["."],
      { ...own, state: { ...own.state, std: [2] } },
      "pi0",
      'norm_stats.json, "state": expected 2 numbers of "std", as its policy has, got 1',
    ],
    [
      "unfit",
      ["."],
      { ...own, actions: { mean: [0], std: [1], q01: null } },
      "pi05",
      'norm_stats.json, "actions": expected q01 and q99 for its normalisation, got mean, std',
    ],
  ] as const)("%s, is refused", async (...[name, places, vectors, variant, line]) => {
    await expect(openpiRobot(await written(name, places, vectors), policyOf(variant))).rejects.toThrow(line);
  });
});
