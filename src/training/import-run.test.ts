import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { normalizationConventionOf } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { decodeStatistics } from "../checkpoint/robot-record.ts";
import { normalization } from "../embodiment/normalize.ts";
import { readRunRecipe } from "../recipe/file.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import type { Recipe } from "../recipe/schema.ts";
import { vectorModesOf } from "../recipe/vector-modes.ts";
import { exportLerobot } from "./export-lerobot.ts";
import { normalizer, origin, tensors, unnormalizer, wording } from "./testing/changed-folder.ts";
import { importFolder } from "./testing/imported-run.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-import-"));
});
afterAll(() => rm(root, { recursive: true }));

describe("a policy that was imported without datasets", () => {
  it("takes names of actions from its configuration, and has no statistics where its files have none", async () => {
    const folder = join(root, "named");
    await cp(origin, folder, { recursive: true });
    await wording(
      "config.json",
      '"action_feature_names": null',
      '"action_feature_names": ["a", "b", "c", "d", "e"]',
    )(folder);
    for (const file of [normalizer, unnormalizer])
      await tensors(file, (found) => {
        for (const name of [...found.keys()]) {
          found.set(`so100.buffer.${name}`, found.get(name)!);
          found.delete(name);
        }
      })(folder);
    const run = await importFolder(folder, origin);
    const manifest = JSON.parse(await readFile(join(run.folder, "checkpoints/000000/manifest.json"), "utf8"));
    expect(manifest.members[0].embodiment.dofs.map(({ name }: { name: string }) => name)).toEqual([
      "a",
      "b",
      "c",
      "d",
      "e",
    ]);
    expect(manifest.recipe.data.normalization).toBe("identity");
    expect(run.imported.notes).toHaveLength(2);
    expect(run.imported.notes[1]).toMatch(
      /no statistics of "action": it is left as it is, as its own project leaves it$/,
    );
    await run.remove();
  });

  it("normalises states and actions each in its own way, and goes back to LeRobot so", async () => {
    const folder = join(root, "two-ways");
    await cp(origin, folder, { recursive: true });
    for (const [file, own] of [
      ["policy_preprocessor.json", normalizer],
      ["policy_postprocessor.json", unnormalizer],
    ] as const) {
      await wording(file, '"STATE": "MEAN_STD"', '"STATE": "MIN_MAX"')(folder);
      await tensors(own, (found) => {
        found.set("observation.state.min", { shape: [6], type: "float32", cells: new Float32Array(6).fill(-3) });
        found.set("observation.state.max", { shape: [6], type: "float32", cells: new Float32Array(6).fill(5) });
        found.set("action.mean", { shape: [5], type: "float32", cells: new Float32Array(5).fill(2) });
        found.set("action.std", { shape: [5], type: "float32", cells: new Float32Array(5).fill(4) });
      })(folder);
    }
    const run = await importFolder(folder, origin);
    const { folder: checkpoint } = await chosenCheckpoint(run.folder);
    const { state, action } = normalizationsOf(await readManifest(checkpoint), await readRunRecipe(run.folder));
    // 2 · (x + 3) / (8 + 1e-8) − 1 is 0 at 1 and 1 at 5; (x − 2) / (4 + 1e-8).
    expect(state.center[0]).toBeCloseTo(1, 7);
    expect(state.scale[0]).toBeCloseTo(4, 7);
    expect(action.center[0]).toBe(2);
    expect(action.scale[0]).toBe(4 + 1e-8);
    const back = join(root, "two-ways-back");
    await exportLerobot({ run: run.folder, folder: back, robot: null });
    const said = JSON.parse(await readFile(join(back, "config.json"), "utf8"));
    expect(said.normalization_mapping).toEqual({ VISUAL: "IDENTITY", STATE: "MIN_MAX", ACTION: "MEAN_STD" });
    await run.remove();
  });

  it("leaves states as they are where its processor normalises other observations alone", async () => {
    const folder = join(root, "only-pictures");
    await cp(origin, folder, { recursive: true });
    const path = join(folder, "policy_preprocessor.json");
    const processor = JSON.parse(await readFile(path, "utf8"));
    processor.steps.at(-1).config.normalize_observation_keys = ["observation.images.top"];
    await writeFile(path, JSON.stringify(processor));
    const run = await importFolder(folder, origin);
    const { data } = await readRunRecipe(run.folder);
    expect([data.normalization, data.stateNormalization]).toEqual(["mean-std", "identity"]);
    await run.remove();
  });

  it("leaves states exactly as they are where its files do, whatever becomes of actions", async () => {
    const folder = join(root, "states-as-they-are");
    await cp(origin, folder, { recursive: true });
    for (const file of ["policy_preprocessor.json", "policy_postprocessor.json"])
      await wording(file, '"STATE": "MEAN_STD"', '"STATE": "IDENTITY"')(folder);
    const run = await importFolder(folder, origin);
    const { folder: checkpoint } = await chosenCheckpoint(run.folder);
    const { state, action } = normalizationsOf(await readManifest(checkpoint), await readRunRecipe(run.folder));
    expect([...state.center, ...state.scale]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect(action.mode).toBe("mean-std");
    await run.remove();
  });

  it("takes as many steps from noise to actions as its configuration says", async () => {
    const folder = join(root, "steps");
    await cp(origin, folder, { recursive: true });
    await wording("config.json", '"num_inference_steps": 10', '"num_inference_steps": 3')(folder);
    const run = await importFolder(folder, origin);
    expect((await readRunRecipe(run.folder)).policy.integrationSteps).toBe(3);
    await run.remove();
  });

  it("has no data, and says how it gets some", async () => {
    const run = await importFolder(origin, origin);
    const recipe = await readRunRecipe(run.folder);
    expect(() => mixtureOf(recipe)).toThrow(
      'recipe "imported": expected datasets, got none, as its weights were imported without; ' +
        "import them again with --data DATASET, or begin a run of another recipe with --init",
    );
    await run.remove();
  });
});

/** How the one robot of a run is normalised. */
function normalizationsOf({ statistics }: Manifest, recipe: Recipe) {
  const [own] = Object.values(statistics);
  const [modes, convention] = [vectorModesOf(recipe), normalizationConventionOf(recipe.conventions)];
  return {
    state: normalization(modes.state, decodeStatistics(own!.state), convention),
    action: normalization(modes.action, decodeStatistics(own!.action), convention),
  };
}
