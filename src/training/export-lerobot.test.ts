import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lerobotConfig } from "../checkpoint/export/lerobot-config.ts";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { InputError } from "../input-error.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { exportLerobot } from "./export-lerobot.ts";
import { type ImportedFolder, importFolder } from "./testing/imported-run.ts";
import { trainMicroRun } from "./testing/micro-run.ts";

const released = join(import.meta.dirname, "../../test/parity/released");

/** What LeRobot's files hold twice: the table of tokens, under the name of a head that it does not tie. */
const twinsOf = {
  pi0: ["model.paligemma_with_expert.paligemma.lm_head.weight"],
  pi05: ["model.paligemma_with_expert.paligemma.lm_head.weight"],
  pi0_fast: [],
  smolvla: [],
} as const;

describe.each(["pi0", "pi05", "pi0_fast", "smolvla"] as const)("%s, imported and exported", (name) => {
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
    expect(madeUp.length > 0).toBe(name !== "pi0_fast");
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
    expect(twins).toEqual(twinsOf[name]);
  });

  it("has what its configuration said of the policy", async () => {
    const [came, went] = await Promise.all(
      [origin, back].map((folder) => readFile(join(folder, "config.json"), "utf8")),
    );
    const [before, after]: Readonly<Record<string, unknown>>[] = [JSON.parse(came!), JSON.parse(went!)];
    // The size of pictures before they are squared is known to nobody: the file says the policy's own. An answer may be as long as in training.
    const { input_features: _, push_to_hub: isPushed, max_decoding_steps: __, ...own } = after!;
    expect(isPushed).toBe(false);
    expect(before).toMatchObject(own);
    expect(Object.keys(Object(after!.input_features))).toEqual(Object.keys(Object(before!.input_features)));
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

it("SmolVLA's marks, layers that alternate and steps are said as LeRobot says them", async () => {
  const origin = join(released, "smolvla_marked");
  const run = await importFolder(origin, origin);
  const folder = join(run.folder, "back");
  await exportLerobot({ run: run.folder, folder, robot: null });
  const said: unknown = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  expect(said).toMatchObject({ add_image_special_tokens: true, self_attn_every_n_layers: 3, num_steps: 5 });
  await run.remove();
});

it("a share of LeRobot's width, cut to a whole number, is the expert's", () => {
  const kind = { type: "smolvla", integrationSteps: 10, layers: 2, jointEvery: 2, marksPictures: false } as const;
  const one = { states: 1, actions: 1, cameras: [], horizon: 1, stateWidth: 1, actionWidth: 1, promptTokens: 1 };
  const shareOf = (widths: readonly [number, number]) => {
    const said = lerobotConfig({
      ...one,
      kind: { ...kind, widths },
      picture: 8,
      modes: { state: "identity", action: "identity" },
      epsilon: 0,
    });
    return Number(Object(said).expert_width_multiplier);
  };
  expect(shareOf([960, 720])).toBe(0.75);
  // 22 · (15 / 22) is below 15 in floating point.
  for (const [width, expert] of [
    [22, 15],
    [45, 26],
    [48, 36],
  ] as const)
    expect(Math.trunc(width * shareOf([width, expert]))).toBe(expert);
});

it.each([
  ["groot_n1_5", "groot_n15", "LeRobot 0.6.1 has no class of N1.5"],
  [
    "groot_n1_7",
    "groot_n17",
    "LeRobot's class runs Qwen3-VL in front of the action head, and here a backbone of ours stands there",
  ],
] as const)("%s is refused, with the reason", async (name, variant, why) => {
  const origin = join(released, name);
  const run = await importFolder(origin, origin);
  const exporting = exportLerobot({ run: run.folder, folder: join(run.folder, "back"), robot: null });
  await expect(exporting).rejects.toThrow(InputError);
  await expect(exporting).rejects.toThrow(`of which LeRobot has a class, got "${variant}": ${why}`);
  await run.remove();
});

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
      /expected a policy that LeRobot runs as it was trained, got .*conventions\.actionSight "causal".*policy\.prompt "task".*policy\.tokenizer "bytes"/,
    );
  } finally {
    await run.remove();
    await rm(root, { recursive: true });
  }
});
