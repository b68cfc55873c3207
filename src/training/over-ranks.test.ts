import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Link } from "../ranks/link.ts";
import { localLinks } from "../ranks/local.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import { World } from "../ranks/world.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { Mean } from "../validity/mean.ts";
import { errorsOverRanks, textOverRanks, withPlaces } from "./over-ranks.ts";
import { agreementSteps, trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

let place = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-over-ranks-"));
});
afterAll(() => rm(place, { recursive: true }));

/**
 * A link on which gradients change by one bit, once that is asked for: the part that this rank adds up, which all ranks then have
 * alike, and the sum that another rank added up.
 */
function withWrongBits(link: Link, isDue: () => boolean): Link {
  let left = 2;
  return {
    ...link,
    async receive(from, tag, out) {
      await link.receive(from, tag, out);
      if (left === 0 || !isDue() || !(out instanceof Float32Array)) return;
      left--;
      const largest = out.reduce((found, cell, at) => (Math.abs(cell) > Math.abs(out[found]!) ? at : found), 0);
      new Uint32Array(out.buffer, out.byteOffset)[largest]! ^= 1 << 16;
    },
  };
}

test("one bit that arrives otherwise on one rank ends training before it is kept, with the rank", async () => {
  let steps = 0;
  const links = localLinks(2).map((link) => (link.rank === 1 ? withWrongBits(link, () => steps >= 10) : link));
  const worlds = await Promise.all(links.map((link) => World.open(link, { deadlineSeconds: 60 })));
  const recipe = {
    ...awkwardRecipe,
    validation: { ...awkwardRecipe.validation, everySteps: 0 },
    checkpoint: { everySteps: 1000, keepLast: 1 },
  };
  const until = agreementSteps + 20;
  const request = {
    recipe,
    folder: join(place, "run"),
    start: { kind: "new" },
    until,
    cache: join(place, "cache"),
  } as const;
  const watcher = {
    ...unwatched,
    stepped({ step }: { readonly step: number }) {
      steps = step;
    },
  };
  const found = await Promise.allSettled(worlds.map((world) => trainPolicy({ ...request, world }, watcher)));
  // Updated weights come from the one rank that keeps their moments: what tells is the norm, which every rank computes of its own sums.
  const message = expect.stringMatching(
    new RegExp(`weights after step ${agreementSteps}: .* rank 1 differs from the others in norms of gradients; resume`),
  );
  for (const each of found) expect(each).toMatchObject({ status: "rejected", reason: { message } });
  await expect(access(join(place, "run", "checkpoints"))).rejects.toThrow("ENOENT");
});

test("errors of samples come back whole at every rank, in the order of their places", async () => {
  const error = (sum: number, count: number) => ({
    dataset: 1,
    controlMode: 0,
    episode: 5,
    terms: [new Mean(sum, count), new Mean(sum / 3, 1)],
  });
  const all = [error(1, 2), error(3, 4), error(0, 0)];
  const dealt = withPlaces([all[0]!, all[2]!, all[1]!], [0, 2, 1]);
  const found = await onRanks(await localWorlds(2, 30), async (world) =>
    errorsOverRanks(world, "errors", 2, world.rank === 0 ? dealt.slice(0, 2) : dealt.slice(2)),
  );
  expect(found).toEqual([all, all]);
  expect(() => withPlaces(all, [0, 1])).toThrow("withPlaces: expected a place for each of 3 samples, got 2");
});

test("texts of ranks are joined in the order of ranks, but for those that are empty", async () => {
  const found = await onRanks(await localWorlds(3, 30), (world) =>
    textOverRanks(world, "samples", ["größe 1:2", "", "c"][world.rank]!),
  );
  expect(found).toEqual(Array(3).fill("größe 1:2, c"));
});
