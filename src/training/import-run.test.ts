import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { readSafetensors, writeSafetensors } from "../checkpoint/safetensors.ts";
import type { Tensor } from "../checkpoint/safetensors-header.ts";
import { InputError } from "../input-error.ts";
import { readRunRecipe } from "../recipe/file.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { servedRobots } from "../serving/robot.ts";
import { exportLerobot } from "./export-lerobot.ts";
import { importFolder } from "./testing/imported-run.ts";

const origin = join(import.meta.dirname, "../../test/parity/released/pi0");
const normalizer = "policy_preprocessor_step_6_normalizer_processor.safetensors";
const unnormalizer = "policy_postprocessor_step_0_unnormalizer_processor.safetensors";
const language = "model.paligemma_with_expert.paligemma.model.language_model";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-import-"));
});
afterAll(() => rm(root, { recursive: true }));

type Change = (folder: string) => Promise<void>;

/** Rewrites a file of tensors. */
const tensors =
  (file: string, change: (found: Map<string, Tensor>) => void): Change =>
  async (folder) => {
    const path = join(folder, file);
    const found = await readSafetensors(path);
    change(found);
    await rm(path);
    await writeSafetensors(path, found, {});
  };

/** Replaces a text in a file, which has to be there. */
const text =
  (file: string, from: string, to: string): Change =>
  async (folder) => {
    const path = join(folder, file);
    const before = await readFile(path, "utf8");
    expect(before).toContain(from);
    await writeFile(path, before.replaceAll(from, to));
  };

const ones = (...shape: number[]): Tensor => {
  const cells = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
  return { shape, type: "float32", cells };
};

const refusals: readonly (readonly [what: string, change: Change, message: string])[] = [
  ["of a policy that is not known", text("config.json", '"type": "pi0"', '"type": "act"'), 'got "act"'],
  [
    "without a configuration",
    (folder) => rm(join(folder, "config.json")),
    "config.json: expected a policy's configuration, got no file",
  ],
  [
    "with a configuration that is no JSON",
    text("config.json", "{", ""),
    "config.json: expected JSON, got something else",
  ],
  [
    "with a tensor that nobody asks for",
    tensors("model.safetensors", (found) => found.set("model.extra.weight", ones(2))),
    'expected no more tensors, got "model.extra.weight"',
  ],
  [
    "without a tensor",
    tensors("model.safetensors", (found) => found.delete("model.state_proj.bias")),
    'expected "model.state_proj.bias", got none of that name',
  ],
  [
    "with a tensor of another shape",
    tensors("model.safetensors", (found) => found.set(`${language}.layers.0.mlp.up_proj.weight`, ones(63, 32))),
    `expected other shapes: "${language}.layers.0.mlp.up_proj.weight" [63,32] for [64,32]`,
  ],
  [
    "with whole numbers for weights",
    tensors("model.safetensors", (found) =>
      found.set("model.state_proj.bias", { shape: [24], type: "int32", cells: new Int32Array(24) }),
    ),
    'expected floating-point numbers in "model.state_proj.bias", got I32',
  ],
  [
    "whose configuration is of a policy that its weights are not",
    text("config.json", '"type": "pi0"', '"type": "pi05"'),
    'expected "model.time_mlp_in.weight", "model.time_mlp_in.bias", "model.time_mlp_out.weight", "model.time_mlp_out.bias" and ',
  ],
  [
    "whose configuration has other widths than its weights",
    text("config.json", '"max_action_dim": 8', '"max_action_dim": 9'),
    'expected other shapes: "model.action_in_proj.weight" [24,8] for [24,9]',
  ],
  [
    "whose configuration has other pictures than its image tower",
    text("config.json", '"image_resolution": [\n        8', '"image_resolution": [\n        16'),
    'expected "image_resolution" to be [8, 8], for which the image tower has positions, got [16, 8]',
  ],
  [
    "with times of a flow that are embedded otherwise",
    text("config.json", '"max_period": 4.0', '"max_period": 8.0'),
    "config.json: max_period: expected 4, got 8",
  ],
  ["that is cut off", (folder) => truncate(join(folder, "model.safetensors"), 200_000), "the file is truncated"],
  [
    "in pickles",
    (folder) => rename(join(folder, "model.safetensors"), join(folder, "pytorch_model.bin")),
    "pytorch_model.bin: expected weights in safetensors, got Python pickles, which run code when they are read",
  ],
  ...["model.pt", "policy.pkl", "pytorch_model-00001-of-00002.bin"].map(
    (name) =>
      [
        `in pickles, ${name}`,
        (folder: string) => rename(join(folder, "model.safetensors"), join(folder, name)),
        `${name}: expected weights in safetensors, got Python pickles`,
      ] as const,
  ),
  [
    "in several files of which one is missing",
    async (folder) => {
      await rename(join(folder, "model.safetensors"), join(folder, "model-1.safetensors"));
      const weight_map = { a: "model-1.safetensors", b: "model-2.safetensors" };
      await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    },
    "model-2.safetensors: expected a safetensors file, got nothing there",
  ],
  [
    "with statistics of another width",
    tensors(normalizer, (found) => found.set("action.mean", ones(6))),
    '"action": expected 5 numbers of "mean", as its policy has, got 6',
  ],
  [
    "with statistics that are no numbers",
    tensors(normalizer, (found) =>
      found.set("action.std", { ...ones(5), type: "float32", cells: new Float32Array(5).fill(NaN) }),
    ),
    '"action": expected finite numbers of "std", got NaN',
  ],
  [
    "without statistics that its normalisation reads",
    tensors(normalizer, (found) => found.delete("observation.state.std")),
    '"observation.state": expected std for its normalisation, got max, mean, min, q01, q10, q90, q99',
  ],
  [
    "with a normalisation that is not known",
    text("policy_preprocessor.json", '"STATE": "MEAN_STD"', '"STATE": "QUANTILE10"'),
    'norm_map.STATE: expected "MEAN_STD" or "MIN_MAX" or "QUANTILES" or "IDENTITY", got "QUANTILE10"',
  ],
  [
    "whose postprocessor undoes another normalisation",
    tensors(unnormalizer, (found) => found.set("action.mean", ones(5))),
    'expected a postprocessor that undoes what the preprocessor does to "action", got another',
  ],
  [
    "with actions relative to the state",
    text("policy_preprocessor.json", '"enabled": false', '"enabled": true'),
    'expected absolute actions, got actions relative to the state ("relative_actions_processor")',
  ],
  [
    "with a step that is not known",
    text("policy_preprocessor.json", "to_batch_processor", "delta_action_processor"),
    'expected steps that are known here, got "delta_action_processor"',
  ],
  [
    "with one processor of two",
    (folder) => rm(join(folder, "policy_postprocessor.json")),
    "expected policy_preprocessor.json and policy_postprocessor.json, got the first alone",
  ],
  [
    "with several vectors of actions",
    text("config.json", '"action": {', '"more": { "type": "ACTION", "shape": [2] }, "action": {'),
    'expected one feature of actions and at most one of states, got "more", "action"',
  ],
  [
    "with names for other actions than it has",
    text("config.json", '"action_feature_names": null', '"action_feature_names": ["x"]'),
    "expected action_feature_names for 5 actions, got 1",
  ],
];

describe("another project's folder is refused in one line", () => {
  it.each(refusals)("%s", async (what, change, message) => {
    const folder = join(root, what.replaceAll(/\W+/g, "-"));
    await cp(origin, folder, { recursive: true });
    await change(folder);
    const error: unknown = await importFolder(folder, origin).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(InputError);
    const said = error instanceof Error ? error.message : "";
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  it("and leaves nothing of a run, also where that is found while weights are written", async () => {
    const folder = join(root, "left");
    await cp(origin, folder, { recursive: true });
    await tensors("model.safetensors", (found) =>
      found.set("model.state_proj.bias", { shape: [24], type: "int32", cells: new Int32Array(24) }),
    )(folder);
    await expect(importFolder(folder, origin, join(root, "left-run"))).rejects.toThrow("floating-point");
    expect(existsSync(join(root, "left-run"))).toBe(false);
  });
});

describe("a policy that was imported without datasets", () => {
  it("takes names of actions from its configuration, and has no statistics where its files have none", async () => {
    const folder = join(root, "named");
    await cp(origin, folder, { recursive: true });
    await text(
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
      await text(file, '"STATE": "MEAN_STD"', '"STATE": "MIN_MAX"')(folder);
      await tensors(own, (found) => {
        found.set("observation.state.min", { shape: [6], type: "float32", cells: new Float32Array(6).fill(-3) });
        found.set("observation.state.max", { shape: [6], type: "float32", cells: new Float32Array(6).fill(5) });
        found.set("action.mean", { shape: [5], type: "float32", cells: new Float32Array(5).fill(2) });
        found.set("action.std", { shape: [5], type: "float32", cells: new Float32Array(5).fill(4) });
      })(folder);
    }
    const run = await importFolder(folder, origin);
    const { folder: checkpoint } = await chosenCheckpoint(run.folder);
    const [robot] = servedRobots(await readManifest(checkpoint), await readRunRecipe(run.folder));
    const { state, action } = robot!.units;
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

  it("leaves states exactly as they are where its files do, whatever becomes of actions", async () => {
    const folder = join(root, "states-as-they-are");
    await cp(origin, folder, { recursive: true });
    for (const file of ["policy_preprocessor.json", "policy_postprocessor.json"])
      await text(file, '"STATE": "MEAN_STD"', '"STATE": "IDENTITY"')(folder);
    const run = await importFolder(folder, origin);
    const { folder: checkpoint } = await chosenCheckpoint(run.folder);
    const [robot] = servedRobots(await readManifest(checkpoint), await readRunRecipe(run.folder));
    expect([...robot!.units.state.center, ...robot!.units.state.scale]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect(robot!.units.action.mode).toBe("mean-std");
    await run.remove();
  });

  it("takes as many steps from noise to actions as its configuration says", async () => {
    const folder = join(root, "steps");
    await cp(origin, folder, { recursive: true });
    await text("config.json", '"num_inference_steps": 10', '"num_inference_steps": 3')(folder);
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
