import { expect, test } from "vitest";
import { turnsOf } from "./deal.ts";
import { gatherRows } from "./rows.ts";
import { localWorlds, onRanks } from "./testing/local-worlds.ts";

test("rows come in order of their place, whichever rank had them, also where a rank has none", async () => {
  for (const [size, count] of [
    [1, 3],
    [2, 5],
    [3, 10],
    [4, 2],
  ] as const) {
    const gathered = await onRanks(await localWorlds(size, 60), (world) => {
      const cells = turnsOf(count, world).flatMap((place) => [place, 100 + place, 1 / (1 + place)]);
      return gatherRows(world, "errors", { width: 3, cells: Float64Array.from(cells) });
    });
    const expected = Array.from({ length: count }, (_, place) => [place, 100 + place, 1 / (1 + place)]).flat();
    for (const { cells } of gathered) expect([...cells]).toEqual(expected);
  }
});

test("a row given twice, or left out, is an error", async () => {
  const twice = onRanks(await localWorlds(2, 60), (world) =>
    gatherRows(world, "errors", { width: 1, cells: Float64Array.of(0) }),
  );
  await expect(twice).rejects.toThrow("errors: expected each of 2 rows once, got row 0");
  const left = onRanks(await localWorlds(2, 60), (world) =>
    gatherRows(world, "errors", { width: 1, cells: Float64Array.of(2 * world.rank) }),
  );
  await expect(left).rejects.toThrow("got row 2");
});
