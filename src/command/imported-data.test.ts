import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nothingGiven } from "../checkpoint/import/foreign.ts";
import { factsBeside } from "../checkpoint/import/given.ts";
import { readSafetensors, writeSafetensors } from "../checkpoint/safetensors.ts";
import { hasRealData, onRealData, realDataset } from "../dataset/testing/real-data.ts";
import { importRun } from "../training/import-run.ts";
import { importedDataFor } from "./imported-data.ts";

const origin = join(import.meta.dirname, "../../test/parity/released/pi0");
const screen = new PassThrough();

describe.runIf(hasRealData)(onRealData("weights that are given a dataset"), () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "armature-given-"));
  });
  afterAll(() => rm(root, { recursive: true }));

  const importing = async (path: string, folder: string) =>
    importRun({
      path,
      folder,
      given: await factsBeside(path, nothingGiven),
      recipeFor: importedDataFor(
        { name: "given", datasets: [realDataset("dobot_cr5")], tokenizer: null, actionTokenizer: null },
        screen,
      ),
    });

  /** The policy of a robot with seven dofs, as the dataset's has, and six state entries. */
  async function withSevenDofs(): Promise<string> {
    const folder = join(root, "seven");
    await cp(origin, folder, { recursive: true });
    const path = join(folder, "config.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    config.output_features.action.shape = [7];
    await writeFile(path, JSON.stringify(config));
    for (const step of ["preprocessor_step_6_normalizer", "postprocessor_step_0_unnormalizer"]) {
      const file = join(folder, `policy_${step}_processor.safetensors`);
      const found = await readSafetensors(file);
      for (const name of found.keys())
        if (name.startsWith("action."))
          found.set(name, { shape: [7], type: "float32", cells: Float32Array.of(1, 2, 3, 4, 5, 6, 7) });
      await rm(file);
      await writeSafetensors(file, found, {});
    }
    return folder;
  }

  it("know its robot, see by its cameras of their names, and are normalised as they were trained", async () => {
    const run = join(root, "run");
    const { recipe } = await importing(await withSevenDofs(), run);
    expect(recipe.data.datasets.map(({ name, mapping }) => [name, mapping.cameras])).toEqual([
      ["dobot_cr5", { top: "observation.images.top" }],
    ]);
    expect(recipe.policy.views).toEqual(["top", "wrist"]);
    const manifest = JSON.parse(await readFile(join(run, "checkpoints/000000/manifest.json"), "utf8"));
    expect(manifest.members).toHaveLength(1);
    const [{ dataset, head, embodiment, episodes }] = manifest.members;
    expect([dataset, embodiment.dofs[0].name]).toEqual(["dobot_cr5", "joint_0_vel"]);
    expect(embodiment.cameras).toEqual([
      { view: "top", key: "observation.images.top" },
      { view: "wrist", key: null },
    ]);
    // One of five episodes is held out.
    expect([episodes.train.length, episodes.validation.length]).toEqual([4, 1]);
    expect(manifest.statistics[head].action.mean).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("are refused one of another robot", async () => {
    await expect(importing(origin, join(root, "other"))).rejects.toThrow(
      'dataset "dobot_cr5": expected 5 dofs and 6 state entries, as the statistics of the weights have, got 7 and 6; ' +
        "import the weights without it, and go on with --init from a recipe like recipes/finetune-pi05.ts",
    );
  });
});
