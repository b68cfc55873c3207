import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe as finetunePi05 } from "../../recipes/finetune-pi05.ts";
import { recipe as finetuneSmolvla } from "../../recipes/finetune-smolvla.ts";
import { readManifest, readParameters } from "../../src/checkpoint/checkpoint.ts";
import type { ConventionName } from "../../src/checkpoint/convention-name.ts";
import { checkpointFolder } from "../../src/checkpoint/store.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { aloneWorld } from "../../src/ranks/open-world.ts";
import { parseRecipe, readRunRecipe } from "../../src/recipe/file.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { loadPolicy } from "../../src/serving/load.ts";
import { exportLerobot } from "../../src/training/export-lerobot.ts";
import { type ImportedFolder, importFolder } from "../../src/training/testing/imported-run.ts";
import { trainPolicy } from "../../src/training/train.ts";
import { type TrainWatcher, unwatched } from "../../src/training/watcher.ts";

const released = join(import.meta.dirname, "../parity/released");
const tokenizer = { folder: join(released, "pi0_fast_spoken/tokenizer") };

/** A dataset of the columns and widths of the one that both recipes name. */
const description = {
  robotType: "cr5",
  features: [
    { key: "action", type: "float32", shape: [7], names: null },
    { key: "observation.state", type: "float32", shape: [6], names: null },
    { key: "observation.images.top", type: "video", shape: [12, 16, 3], names: null },
  ],
  framesPerSecond: 10,
  episodeLengths: [17, 24, 13, 20],
  tasks: ["push the T"],
  seed: 3,
} as const;

/**
 * A recipe on small data, in small batches, without warmup, that validates before its first step and after its last. Noise is keyed by the
 * name of the robot's dataset: this is the one that an imported robot has.
 */
function small(recipe: Recipe, optimizer: Partial<Recipe["optimizer"]>, policy: Partial<Recipe["policy"]>): Recipe {
  const [dataset] = recipe.data.datasets;
  const source = { kind: "generated", description: structuredClone(description) } as const;
  return parseRecipe("small", {
    ...recipe,
    threads: 1,
    data: { ...recipe.data, datasets: [{ ...dataset!, name: "imported", source, episodes: "all" }], workers: 1 },
    batch: { ...recipe.batch, size: 4, microBatch: 2 },
    policy: { ...recipe.policy, ...policy },
    optimizer: { ...recipe.optimizer, warmup: 0, ...optimizer },
    validation: { ...recipe.validation, everySteps: 2, microBatch: 4, framesPerMember: 4, weights: "parameters" },
  });
}

describe.each([
  ["smolvla", finetuneSmolvla, ["unrealInput"]],
  ["pi05", finetunePi05, []],
] as const)("%s, imported", (name, recipeOf, leaves) => {
  let imported: ImportedFolder;
  let place = "";
  beforeAll(async () => {
    imported = await importFolder(join(released, name), join(released, name));
    place = await mkdtemp(join(tmpdir(), "armature-fine-tuning-"));
  });
  afterAll(async () => {
    await imported.remove();
    await rm(place, { recursive: true });
  });

  /** A run of two steps, and what its validations gave. */
  async function tuned(as: string, recipe: Recipe) {
    const folder = join(place, as);
    const start = { kind: "init", from: imported.folder, allowed: new Set<ConventionName>(leaves) } as const;
    const losses: number[] = [];
    const watcher: TrainWatcher = { ...unwatched, validated: (_, { aggregate }) => losses.push(aggregate.loss!) };
    const world = await aloneWorld();
    await trainPolicy({ recipe, folder, start, until: 2, cache: join(place, "cache"), world }, watcher);
    return { folder, losses };
  }

  it("errs less on held-out samples after two steps of its recipe", async () => {
    const recipe = recipeOf(await readRunRecipe(imported.folder));
    const { losses } = await tuned("whole", small(recipe, { peak: 1e-3 }, {}));
    expect(losses).toHaveLength(2);
    expect(losses[1]).toBeLessThan(losses[0]!);
  });
});

describe("SmolVLA with adapters on LeRobot's weights", () => {
  const origin = join(released, "smolvla");
  let imported: ImportedFolder;
  let place = "";
  let run = "";
  beforeAll(async () => {
    imported = await importFolder(origin, origin);
    place = await mkdtemp(join(tmpdir(), "armature-adapted-"));
    run = join(place, "run");
    const adapters = { rank: 2, alpha: 4, below: ["backbone", "expert"] };
    const recipe = small(
      finetuneSmolvla(await readRunRecipe(imported.folder)),
      { peak: 0.02, train: "without vision" },
      { adapters, tokenizer, vocabulary: 100 },
    );
    const start = { kind: "init", from: imported.folder, allowed: new Set(["unrealInput"] as const) } as const;
    const world = await aloneWorld();
    await trainPolicy({ recipe, folder: run, start, until: 2, cache: join(place, "cache"), world }, unwatched);
  });
  afterAll(async () => {
    await imported.remove();
    await rm(place, { recursive: true });
  });

  it("leaves what sees and what adapters stand beside as they were", async () => {
    const weightsOf = async (folder: string) => readParameters(folder, await readManifest(folder), "parameters");
    const before = await weightsOf(checkpointFolder(imported.folder, 0));
    const after = await weightsOf(checkpointFolder(run, 2));
    const moved = [...after].flatMap(([name, { cells }]) =>
      cells.every((cell, at) => cell === before.get(name)?.cells[at]) ? [] : [name],
    );
    expect(moved.filter((name) => name.startsWith("vision.tower"))).toEqual([]);
    expect(moved.filter((name) => /^(backbone|expert)\.layer\.\d+\.(query|mlp)/.test(name))).toEqual([]);
    expect(moved).toEqual(expect.arrayContaining(["adapter.expert.layer.0.query.up.weight", "action.in.weight"]));
  });

  it("gives the same actions as LeRobot's folder of it, in which they are merged", async () => {
    const back = join(place, "back");
    await exportLerobot({ run, folder: back, robot: null });
    const again = await importFolder(back, origin, join(place, "again"), {
      tokenizer: tokenizer.folder,
      actionTokenizer: null,
    });
    const [adapted, merged] = [await actionsOf(run), await actionsOf(again.folder)];
    await again.remove();
    const largest = Math.max(...adapted.map(Math.abs));
    const apart = adapted.map((action, at) => Math.abs(action - merged[at]!) / largest);
    // 1e-6: float32 products summed in another order.
    expect(Math.max(...apart)).toBeLessThan(1e-6);
  });
});

/** Actions of a run's policy for one robot, in its own units. */
async function actionsOf(folder: string): Promise<number[]> {
  const policy = await loadPolicy(folder, { robots: 1, machine: "as trained" });
  const [robot] = policy.robots;
  const side = 16;
  const cells = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 37) % 256);
  const picture = new HostArray("h w c", [side, side, 3], "uint8", cells);
  const there = robot!.embodiment.cameras.filter(({ key }) => key !== null);
  const pictures = Object.fromEntries(there.map(({ view }) => [view, view === "top" ? picture : null]));
  const state = Float64Array.of(0.1, -0.2, 0.3, 0.4, -0.5, 0.6);
  const [chunk] = await policy.act([
    {
      robot: robot!,
      observations: [{ state, pictures }],
      prompt: "push",
      noise: { seed: 1, episode: 0, frame: 0, draw: 0 },
    },
  ]);
  policy.release();
  return chunk!.actions.flat();
}
