import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { InputError } from "../input-error.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { exportLerobot } from "./export-lerobot.ts";
import { type ImportedFolder, importFolder } from "./testing/imported-run.ts";
import { trainMicroRun } from "./testing/micro-run.ts";

const released = join(import.meta.dirname, "../../test/parity/released");

describe.each(["pi0", "pi05"] as const)("%s, imported and exported", (name) => {
  const origin = join(released, name);
  let run: ImportedFolder;
  let root = "";
  let back = "";
  let madeUp: readonly string[] = [];
  beforeAll(async () => {
    run = await importFolder(origin, origin);
    root = await mkdtemp(join(tmpdir(), "armature-exported-"));
    back = join(root, "back");
  });
  afterAll(async () => {
    await run.remove();
    await rm(root, { recursive: true });
  });

  it("is exported, as LeRobot runs it as it was trained", async () => {
    ({ madeUp } = await exportLerobot({ run: run.folder, folder: back, robot: null }));
    expect(madeUp.length).toBeGreaterThan(0);
  });

  it("has the tensors that it came with, to the bit, and zeros where no result depends on one", async () => {
    const [came, went] = [join(origin, "model.safetensors"), join(back, "model.safetensors")];
    const [before, after] = [await readSafetensors(came), await readSafetensors(went)];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [key, { shape, cells }] of before) {
      const own = after.get(key)!;
      expect(own.shape, key).toEqual(shape);
      const isSame = Buffer.from(own.cells.buffer).equals(Buffer.from(cells.buffer));
      expect(isSame, key).toBe(!madeUp.includes(key));
      if (madeUp.includes(key))
        expect(
          own.cells.every((cell) => Number(cell) === 0),
          key,
        ).toBe(true);
    }
    // All that was left behind, but the head that is its embedding's twin.
    const twins = run.imported.unread.filter((key) => !madeUp.includes(key));
    expect(twins).toEqual(["model.paligemma_with_expert.paligemma.lm_head.weight"]);
  });

  it("has its processors and their statistics, but those that no normalisation reads", async () => {
    for (const file of ["policy_preprocessor", "policy_postprocessor"]) {
      const [came, went] = await Promise.all(
        [origin, back].map((folder) => readFile(join(folder, `${file}.json`), "utf8")),
      );
      const steps = (text: string): Said[] => JSON.parse(text).steps;
      expect(steps(went!).map((step) => step.registry_name)).toEqual(steps(came!).map((step) => step.registry_name));
      for (const [at, { config, state_file }] of steps(went!).entries()) {
        expect(state_file).toBe(steps(came!)[at]!.state_file);
        if (state_file === undefined) continue;
        expect(config.norm_map).toEqual(steps(came!)[at]!.config.norm_map);
        expect(config.eps).toBe(steps(came!)[at]!.config.eps);
        const before = await readSafetensors(join(origin, state_file));
        for (const [key, { cells }] of await readSafetensors(join(back, state_file)))
          expect([...cells], key).toEqual([...before.get(key)!.cells]);
      }
    }
  });

  it("is the same run when it is imported again", async () => {
    const again = await importFolder(back, origin);
    const [first, second] = [run, again].map(({ folder }) => join(folder, "checkpoints/000000/manifest.json"));
    expect(JSON.parse(await readFile(second!, "utf8"))).toEqual(JSON.parse(await readFile(first!, "utf8")));
    await again.remove();
  });
});

interface Said {
  readonly registry_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly state_file?: string;
}

it("a policy that LeRobot would run otherwise is not exported", async () => {
  const run = await trainMicroRun(awkwardRecipe, 1);
  const root = await mkdtemp(join(tmpdir(), "armature-exported-"));
  try {
    const exporting = exportLerobot({ run: run.folder, folder: join(root, "out"), robot: null });
    await expect(exporting).rejects.toThrow(InputError);
    await expect(exporting).rejects.toThrow(/expected one robot to export for, got \d+; .* --robot/);
    const one = exportLerobot({
      run: run.folder,
      folder: join(root, "out"),
      robot: "twin",
    });
    await expect(one).rejects.toThrow(
      /expected a policy that LeRobot runs as it was trained, got .*conventions\.actionSight "causal"/,
    );
  } finally {
    await run.remove();
    await rm(root, { recursive: true });
  }
});
