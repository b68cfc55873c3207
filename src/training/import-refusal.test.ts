import { existsSync } from "node:fs";
import { cp, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { language, ones, origin, type Refused, refusalOf, tensors, wording } from "./testing/changed-folder.ts";
import { importFolder } from "./testing/imported-run.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-import-"));
});
afterAll(() => rm(root, { recursive: true }));

const refusals: readonly Refused[] = [
  ["of a policy that is not known", wording("config.json", '"type": "pi0"', '"type": "act"'), 'got "act"'],
  [
    "without a configuration",
    (folder) => rm(join(folder, "config.json")),
    "config.json: expected a policy's configuration, got no file",
  ],
  [
    "with a configuration that is no JSON",
    wording("config.json", "{", ""),
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
    "with statistics among its weights, as LeRobot once saved them",
    tensors("model.safetensors", (found) => found.set("normalize_inputs.buffer_observation_state.mean", ones(6))),
    'expected statistics in files of processors, got "normalize_inputs.buffer_observation_state.mean" among the weights, as LeRobot saved',
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
    wording("config.json", '"type": "pi0"', '"type": "pi05"'),
    'expected "model.time_mlp_in.weight", "model.time_mlp_in.bias", "model.time_mlp_out.weight", "model.time_mlp_out.bias" and ',
  ],
  [
    "whose configuration has other widths than its weights",
    wording("config.json", '"max_action_dim": 8', '"max_action_dim": 9'),
    'expected other shapes: "model.action_in_proj.weight" [24,8] for [24,9]',
  ],
  [
    "whose configuration has other pictures than its image tower",
    wording("config.json", '"image_resolution": [\n        8', '"image_resolution": [\n        16'),
    'expected "image_resolution" to be [8, 8], for which the image tower has positions, got [16, 8]',
  ],
  [
    "with times of a flow that are embedded otherwise",
    wording("config.json", '"max_period": 4.0', '"max_period": 8.0'),
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
];

describe("another project's folder is refused in one line", () => {
  it.each(refusals)("%s", async (what, change, message) => {
    expect(await refusalOf(root, what, change)).toContain(message);
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
