import { expect, test } from "vitest";
import { agree } from "./agree.ts";
import { localWorlds, onRanks } from "./testing/local-worlds.ts";

const weights = () =>
  new Map([
    ["a", new Float32Array(100)],
    ["b", new Float32Array(3).fill(2)],
    ["c", new Float32Array(1)],
  ]);

test("equal weights agree; the rank and the array of one different bit are named", async () => {
  const worlds = await localWorlds(3, 60);
  const inOrderOf = (world: { rank: number }) => (world.rank === 2 ? new Map([...weights()].reverse()) : weights());
  await onRanks(worlds, (world) => agree(world, "weights", inOrderOf(world)));
  const found = onRanks(worlds, (world) => {
    const own = weights();
    // The sign of a zero: equal as a number, not as bits.
    if (world.rank === 1) own.get("a")![57] = -0;
    return agree(world, "weights after step 40", own);
  });
  await expect(found).rejects.toThrow(
    /^weights after step 40: expected equal arrays on all ranks, rank 1 differs from the others in a;/,
  );
});

test("a rank 0 that differs from all others is named", async () => {
  const found = onRanks(await localWorlds(3, 60), (world) =>
    agree(world, "weights", weights().set("c", Float32Array.of(Number(world.rank === 0)))),
  );
  await expect(found).rejects.toThrow("rank 0 differs from the others in c");
});

test("ranks with other arrays do not agree", async () => {
  const found = onRanks(await localWorlds(2, 60), (world) => {
    const own = weights();
    if (world.rank === 1) own.delete("c");
    return agree(world, "weights", own);
  });
  await expect(found).rejects.toThrow("rank 1 differs from the others in the list of arrays");
});
