import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import type { Start } from "./begin.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

let place = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-narrow-moments-"));
});
afterAll(() => rm(place, { recursive: true }));

const recipeIn = (moments: "float32" | "bf16" | "fp8"): Recipe => ({
  ...awkwardRecipe,
  optimizer: { ...awkwardRecipe.optimizer, moments },
  validation: { ...awkwardRecipe.validation, everySteps: 0 },
  checkpoint: { everySteps: 2, keepLast: 3 },
});

async function trained(recipe: Recipe, name: string, { kind, until, ranks }: Asked): Promise<string> {
  const folder = join(place, name);
  const start: Start = { kind };
  const request = { recipe, folder, start, until, cache: join(place, "cache") };
  await onRanks(await localWorlds(ranks, 60), (world) => trainPolicy({ ...request, world }, unwatched));
  return folder;
}

interface Asked {
  readonly kind: "new" | "resume";
  readonly until: number;
  readonly ranks: number;
}

async function weightsAt(folder: string, step: number) {
  const own = checkpointFolder(folder, step);
  return await readWeights(own, await readManifest(own));
}

test.each(["bf16", "fp8"] as const)(
  "a run with moments in %s has the same bits on two ranks, and where it was stopped and goes on",
  async (form) => {
    const recipe = recipeIn(form);
    const straight = await weightsAt(await trained(recipe, `${form}-straight`, { kind: "new", until: 4, ranks: 1 }), 4);
    await trained(recipe, `${form}-stopped`, { kind: "new", until: 2, ranks: 2 });
    const folder = await trained(recipe, `${form}-stopped`, { kind: "resume", until: 4, ranks: 1 });
    expectSameBits("stopped", await weightsAt(folder, 4), straight);
    const wide = await weightsAt(
      await trained(recipeIn("float32"), `${form}-wide`, { kind: "new", until: 4, ranks: 1 }),
      4,
    );
    expectOtherBits("float32", wide.parameters, straight.parameters);
    if (form !== "bf16") return;
    // A number of bf16 is one of float32 whose lower half is 0.
    for (const { cells } of straight.secondMoments.values())
      expect(
        new Uint32Array(cells.buffer, cells.byteOffset, cells.length).findIndex((word) => (word & 0xffff) !== 0),
      ).toBe(-1);
  },
);

test("moments of another form than the run's are refused, whichever file says so", async () => {
  const recipe = recipeIn("bf16");
  const folder = await trained(recipe, "refused", { kind: "new", until: 2, ranks: 1 });
  await expect(trained(recipeIn("float32"), "refused", { kind: "resume", until: 4, ranks: 1 })).rejects.toThrow(
    `${folder}: expected the run's own recipe, with optimizer.moments "bf16", got "float32"; begin a new run with --init`,
  );
  const manifest = join(checkpointFolder(folder, 2), "manifest.json");
  await writeFile(manifest, (await readFile(manifest, "utf8")).replace('"moments": "bf16"', '"moments": "fp8"'));
  await expect(trained(recipe, "refused", { kind: "resume", until: 4, ranks: 1 })).rejects.toThrow(
    `${checkpointFolder(folder, 2)}: expected moments in bf16, as optimizer.moments of the run has them, got fp8; begin a new run with --init`,
  );
});
