import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changes } from "../dataset/statistics.ts";
import { hasRealData, onRealData, realDataset } from "../dataset/testing/real-data.ts";
import { usualAugmentation } from "../embodiment/augment.ts";
import { asFound } from "../embodiment/mapping.ts";
import { denormalize, normalization, soundNormalization } from "../embodiment/normalize.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { type MixtureEntry, type OpenMixture, openMixture } from "../mixture/mixture.ts";
import { Rules } from "../validity/rules.ts";
import type { BatchLayout } from "./layout.ts";
import { Loader } from "./loader.ts";
import type { BatchRequest, LoadPlan } from "./maker.ts";
import { measureNormalization, type NormalizationStatistics } from "./measure.ts";
import { stepRequests } from "./request.ts";

const entry = (name: string, controlMode: string, camera: string | null): MixtureEntry => ({
  name,
  source: { kind: "lerobot", location: realDataset(name), taskAnnotation: "declared" },
  episodes: "all",
  mapping: { ...asFound, controlMode, cameras: camera === null ? {} : { base: `observation.images.${camera}` } },
  role: "both",
  weight: 1,
  validationRatio: 0.2,
});
const entries = [
  entry("gr1_pick_place", "joint", "ego_view"),
  entry("unitree_g1_inspire", "joint", "cam_high"),
  entry("dobot_cr5", "joint-velocity", "top"),
  entry("pusht", "ee", null),
];
const layout: BatchLayout = {
  rows: 4,
  steps: 16,
  actionWidth: 44,
  stateWidth: 44,
  views: 1,
  observations: 1,
  tokens: 128,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 96,
};

describe.runIf(hasRealData)(onRealData("four real robots in one mixture"), () => {
  let open: OpenMixture;
  let statistics: ReadonlyMap<string, NormalizationStatistics>;
  let plan: LoadPlan;
  let cache = "";

  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), "armature-real-"));
    open = await openMixture({ seed: 1, views: ["base"], windows: "every", entries, pictureMemoryBytes: 0 });
    const reading = { rate: "native", actionFrame: "absolute" } as const;
    statistics = await measureNormalization(open, {
      reading,
      steps: layout.steps,
      cache,
      rules: Rules.all,
      pastEnd: "nothing",
    });
    const { members, normalizationGroups } = open.mixture;
    plan = {
      seed: 1,
      members,
      units: members.map(({ normalizationGroup }) => {
        const { action, state } = statistics.get(normalizationGroups[normalizationGroup]!.name)!;
        return {
          action: normalization("quantile", action, soundNormalization),
          state: normalization("quantile", state, soundNormalization),
        };
      }),
      reading: {
        ...reading,
        interval: 1,
        historyDropout: 0,
        responseDropout: 0,
        pastEnd: "nothing",
        prompt: "task",
        letterbox: "antialiased-centred",
        longPrompt: "refuse",
        augmentation: usualAugmentation,
      },
      tokenizer: "bytes",
      answers: null,
      pictureMemoryBytes: 1 << 24,
    };
  });
  afterAll(async () => {
    await open.close();
    await rm(cache, { recursive: true });
  });

  const load = async (workers: number, requests: readonly BatchRequest[]) => {
    const loader = Loader.open(plan, { workers, ahead: 2, clock: () => 0 });
    const found = [];
    for await (const batch of loader.batches(requests)) found.push(batch);
    await loader.close();
    return found;
  };

  it("has a normalisation group for each robot, and knows which dofs never change", () => {
    const still = [...statistics].map(([name, { action }]) => [
      name,
      [...action.mean.keys()].filter((dof) => !changes(action, dof)).length,
    ]);
    expect(still).toEqual([
      ["GR1ArmsOnly / joint", 25],
      ["Unitree_G1_Inspire / joint", 0],
      ["cr5 / joint-velocity", 0],
      ["dataset pusht / ee", 0],
    ]);
  });

  it("knows at the last frame but one of each dataset what is real, in every fact", async () => {
    const draws = open.mixture.members.map(({ train }, member) => ({
      member,
      episode: train.episodes[0]!,
      frame: train.starts[1]! - 2,
      draw: 0,
    }));
    const [batch] = await load(0, [{ purpose: "validation", layout, draws }]);
    const { stepReal, dofReal, stateReal, viewReal, tokenReal } = batch!.facts;
    const count = (valid: { readonly bits: Uint8Array }, row: number) => {
      const share = valid.bits.length / layout.rows;
      return valid.bits.subarray(row * share, (row + 1) * share).reduce((sum, bit) => sum + bit, 0);
    };
    const rows = [0, 1, 2, 3];
    expect(rows.map((row) => count(stepReal, row))).toEqual([2, 2, 2, 2]);
    expect(rows.map((row) => count(dofReal, row))).toEqual([44, 26, 7, 2]);
    expect(rows.map((row) => count(stateReal, row))).toEqual([44, 26, 6, 2]);
    expect(rows.map((row) => count(viewReal, row))).toEqual([1, 1, 1, 0]);
    expect(rows.every((row) => count(tokenReal, row) > 5)).toBe(true);
    expect(batch!.actions.valid.count).toBe(2 * (44 + 26 + 7 + 2));
  });

  it("gives back the dataset's own numbers when a batch is denormalised", async () => {
    const member = 2;
    const { train } = open.mixture.members[member]!;
    const draw = { member, episode: train.episodes[0]!, frame: 20, draw: 0 };
    const [batch] = await load(0, [{ purpose: "validation", layout, draws: [draw] }]);
    const unit = batch!.actions.read((values) => values.cells.slice(3 * 44, 3 * 44 + 7));
    const back = denormalize(new HostArray("t d", [1, 7], "float32", unit), plan.units[member]!.action);
    const table = await open.datasets[member]!.table(draw.episode);
    const own = table.vector("action").cells.subarray(23 * 7, 24 * 7);
    // 1e-5: one rounding to float32 of values up to a few hundred.
    for (const [dof, value] of own.entries())
      expect(Math.abs(back.cells[dof]! - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)));
  });

  it("loads the same batches to the bit without workers and with two", async () => {
    const requests = [0, 1].flatMap((step) => stepRequests(open.mixture, layout, 8, step));
    const [alone, together] = [await load(0, requests), await load(2, requests)];
    expectSameBits("batches", together, alone);
    expect(alone.every((batch) => new Set(batch.provenance.dataset).size >= 3)).toBe(true);
  });
});
