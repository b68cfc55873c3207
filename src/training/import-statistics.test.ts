import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { normalizer, ones, type Refused, refusalOf, tensors, unnormalizer, wording } from "./testing/changed-folder.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-import-"));
});
afterAll(() => rm(root, { recursive: true }));

const refusals: readonly Refused[] = [
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
    wording("policy_preprocessor.json", '"STATE": "MEAN_STD"', '"STATE": "QUANTILE10"'),
    'norm_map.STATE: expected "MEAN_STD" or "MIN_MAX" or "QUANTILES" or "IDENTITY", got "QUANTILE10"',
  ],
  [
    "whose postprocessor undoes another normalisation",
    tensors(unnormalizer, (found) => found.set("action.mean", ones(5))),
    'expected a postprocessor that undoes what the preprocessor does to "action", got another',
  ],
  [
    "with actions relative to the state",
    wording("policy_preprocessor.json", '"enabled": false', '"enabled": true'),
    'expected absolute actions, got actions relative to the state ("relative_actions_processor")',
  ],
  [
    "with weights that are no numbers",
    tensors("model.safetensors", (found) =>
      found.set("model.state_proj.bias", { shape: [24], type: "float32", cells: new Float32Array(24).fill(NaN) }),
    ),
    'expected finite numbers in "model.state_proj.bias", got NaN',
  ],
  [
    "in a pickle under the name of a safetensors file",
    (folder) => writeFile(join(folder, "model.safetensors"), Uint8Array.of(0x80, 4, 0x95, ...new Uint8Array(20))),
    "model.safetensors: expected a safetensors file, got a Python pickle under its name",
  ],
  [
    "in PyTorch's archive under the name of a safetensors file",
    (folder) => writeFile(join(folder, "model.safetensors"), Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(20))),
    "model.safetensors: expected a safetensors file, got a Python pickle under its name",
  ],
  [
    "with a folder in the place of its weights",
    async (folder) => {
      await rm(join(folder, "model.safetensors"));
      await mkdir(join(folder, "model.safetensors"));
    },
    "model.safetensors: expected a safetensors file, got a folder in its place",
  ],
  [
    "with links to each other in the place of weights that its index names",
    async (folder) => {
      await rename(join(folder, "model.safetensors"), join(folder, "model-1.safetensors"));
      await symlink("model-3.safetensors", join(folder, "model-2.safetensors"));
      await symlink("model-2.safetensors", join(folder, "model-3.safetensors"));
      const weight_map = { a: "model-1.safetensors", b: "model-2.safetensors" };
      await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    },
    "model-2.safetensors: expected a safetensors file, got links that lead to each other",
  ],
  [
    "with a folder in the place of its configuration",
    async (folder) => {
      await rm(join(folder, "config.json"));
      await mkdir(join(folder, "config.json"));
    },
    "config.json: expected a file that can be read, got a folder in place of a file",
  ],
  [
    "whose index names a tensor that no file has",
    async (folder) => {
      await rename(join(folder, "model.safetensors"), join(folder, "model-1.safetensors"));
      const weight_map = { ghost: "model-1.safetensors" };
      await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    },
    'expected the tensor "ghost", as its index says, got none of that name',
  ],
  [
    "whose index names files of another folder",
    async (folder) => {
      await rename(join(folder, "model.safetensors"), join(folder, "model-1.safetensors"));
      const weight_map = { a: "../model-1.safetensors" };
      await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    },
    'expected names of files beside it, got "../model-1.safetensors"',
  ],
  [
    "with heads of an odd width, which do not rotate",
    wording("case.json", '"head_dim": 8', '"head_dim": 1'),
    "expected heads of an even width, whose halves rotate, got 1",
  ],
  [
    "with deviations below 0",
    tensors(normalizer, (found) =>
      found.set("action.std", { ...ones(5), type: "float32", cells: new Float32Array(5).fill(-1) }),
    ),
    '"action": expected deviations of 0 and more, got -1',
  ],
  [
    "with a lower end above the upper one",
    async (folder) => {
      await wording("policy_preprocessor.json", '"ACTION": "MEAN_STD"', '"ACTION": "MIN_MAX"')(folder);
      await tensors(normalizer, (found) => {
        found.set("action.min", { ...ones(5), type: "float32", cells: Float32Array.of(0, 0, 3, 0, 0) });
        found.set("action.max", ones(5));
      })(folder);
    },
    '"action": expected "min" of at most "max", got 3 above 1 at entry 2',
  ],
  [
    "with a lower quantile above the upper one",
    async (folder) => {
      await wording("policy_preprocessor.json", '"ACTION": "MEAN_STD"', '"ACTION": "QUANTILES"')(folder);
      await tensors(normalizer, (found) => {
        found.set("action.q01", { ...ones(5), type: "float32", cells: Float32Array.of(2, 0, 0, 0, 0) });
        found.set("action.q99", ones(5));
      })(folder);
    },
    '"action": expected "q01" of at most "q99", got 2 above 1 at entry 0',
  ],
  [
    "with more actions than its weights have room for",
    async (folder) => {
      for (const file of ["policy_preprocessor.json", "policy_postprocessor.json"]) await rm(join(folder, file));
      const path = join(folder, "config.json");
      const config = JSON.parse(await readFile(path, "utf8"));
      config.output_features.action.shape = [9];
      await writeFile(path, JSON.stringify(config));
    },
    "expected at most 8 actions and 8 states, for which its weights have room, got 9 and 6",
  ],
  [
    "with more states than its weights have room for",
    async (folder) => {
      for (const file of ["policy_preprocessor.json", "policy_postprocessor.json"]) await rm(join(folder, file));
      const path = join(folder, "config.json");
      const config = JSON.parse(await readFile(path, "utf8"));
      config.input_features["observation.state"].shape = [9];
      await writeFile(path, JSON.stringify(config));
    },
    "expected at most 8 actions and 8 states, for which its weights have room, got 5 and 9",
  ],
  [
    "that is normalised twice",
    async (folder) => {
      const path = join(folder, "policy_preprocessor.json");
      const processor = JSON.parse(await readFile(path, "utf8"));
      processor.steps.push(processor.steps.at(-1));
      await writeFile(path, JSON.stringify(processor));
    },
    "expected one step of a processor that normalises, got 2",
  ],
  [
    "whose configuration says that actions are relative to the state",
    wording("config.json", '"use_relative_actions": false', '"use_relative_actions": true'),
    "use_relative_actions: expected false, got true",
  ],
  [
    "with a step that is not known",
    wording("policy_preprocessor.json", "to_batch_processor", "delta_action_processor"),
    'expected steps that are known here, got "delta_action_processor"',
  ],
  [
    "with one processor of two",
    (folder) => rm(join(folder, "policy_postprocessor.json")),
    "expected policy_preprocessor.json and policy_postprocessor.json, got the first alone",
  ],
  [
    "with several vectors of actions",
    wording("config.json", '"action": {', '"more": { "type": "ACTION", "shape": [2] }, "action": {'),
    'expected one feature of actions and at most one of states, got "more", "action"',
  ],
  [
    "with names for other actions than it has",
    wording("config.json", '"action_feature_names": null', '"action_feature_names": ["x"]'),
    "expected action_feature_names for 5 actions, got 1",
  ],
];

describe("a folder whose processors do not fit is refused in one line", () => {
  it.each(refusals)("%s", async (what, change, message) => {
    expect(await refusalOf(root, what, change)).toContain(message);
  });
});
