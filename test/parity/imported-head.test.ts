import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nothingGiven } from "../../src/checkpoint/import/foreign.ts";
import { factsBeside } from "../../src/checkpoint/import/given.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { importedRecipe } from "../../src/recipe/suggest/imported.ts";
import { findPolicy, loadPolicy, readPolicyWeights } from "../../src/serving/load.ts";
import { type ImportedRun, importRun } from "../../src/training/import-run.ts";

/** Action heads, which become policies behind a backbone of ours: where they lie, what their names begin with, what stays behind. */
const heads = [
  { name: "groot_n1_5", variant: "groot_n15", module: "action_head", left: 0 },
  { name: "groot_n1_7", variant: "groot_n17", module: "_groot_model.action_head", left: 63 },
  { name: "groot_n1_7/nvidia", variant: "groot_n17", module: "action_head", left: 63 },
] as const;

describe.each(heads)("$name, imported, is a run of $variant", ({ name, variant, module, left }) => {
  const from = join(import.meta.dirname, "released", name);
  let folder = "";
  let imported: ImportedRun;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "armature-imported-head-"));
    const machine = { memoryBytes: 2 ** 30, cores: 2 };
    const data = { root: ".", datasets: [] };
    // NVIDIA's configuration says its heads; LeRobot's does not, and the case beside it does.
    const given = { ...(await factsBeside(from, nothingGiven)), embodiment: 2 };
    imported = await importRun({
      path: from,
      folder: join(folder, "run"),
      given,
      recipeFor: async (own, known) => ({
        recipe: importedRecipe(own, known, { name: "head", machine, tokenizer: null, actionTokenizer: null, data }),
        members: null,
      }),
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("whose head has the weights of the embodiment that was asked for, with their columns where our rows are", async () => {
    const weights = await readPolicyWeights(await findPolicy(join(folder, "run")));
    const source = await TensorSource.open(from);
    const numbers = async (tensor: string) => {
      const { cells } = await source.read(`${module}.${tensor}`);
      return Array.from(cells, Number);
    };
    const theirs = await numbers("action_encoder.W1.W");
    const ours = weights.get("groot.action.in.weight")!;
    expect(ours.shape).toEqual([1, 48, 9]);
    for (const [row, column] of [
      [0, 0],
      [0, 8],
      [47, 3],
    ] as const)
      expect(ours.cells[row * 9 + column]).toBe(theirs[(2 * 9 + column) * 48 + row]);
    expect([...weights.get("groot.decoder.out.bias")!.cells]).toEqual(
      (await numbers("action_decoder.layer2.b")).slice(2 * 9, 3 * 9),
    );
    expect([...weights.get("groot.dit.out.weight")!.cells]).toEqual(await numbers("model.proj_out_2.weight"));
    await source.close();
  });

  it("whose backbone begins untrained, and says so", async () => {
    expect(imported.recipe.policy.variant).toBe(variant);
    expect(imported.unread).toEqual([]);
    expect(imported.notes).toEqual(
      expect.arrayContaining([
        `the vision-language model before the action head is none of ours: ${left} tensors stay behind, and a backbone of ours, 32 wide, begins untrained`,
        "of 4 embodiments, the weights of number 2 were taken",
      ]),
    );
    const isBlind = "no file says its cameras, so that it sees nothing: name them with --camera";
    expect(imported.notes.includes(isBlind)).toBe(imported.recipe.policy.views.length === 0);
  });

  it("that acts", async () => {
    const policy = await loadPolicy(join(folder, "run"), { robots: 1, machine: "as trained" });
    const [robot] = policy.robots;
    const session = policy.session(robot!, { seed: 1 });
    const { states, cameras } = robot!.embodiment;
    const pictures = Object.fromEntries(cameras.map(({ view }) => [view, null]));
    session.see({ state: Array<number>(states.length).fill(0.1), pictures });
    const [chunk] = await policy.act([session.ask("pick up the cup")]);
    expect(chunk!.actions).toHaveLength(7);
    expect(chunk!.actions.flat().every(Number.isFinite)).toBe(true);
    policy.release();
  });
});
