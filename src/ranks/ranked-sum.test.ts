import { expect, test } from "vitest";
import { RankedSum } from "./ranked-sum.ts";
import { gradientCells, gradientOf, localWorlds, summedInOneProcess } from "./testing/local-worlds.ts";

test.each([1, 2, 3, 4])("the sum over %i ranks has the bits of one process, for 1 to 9 micro-batches", async (size) => {
  const ranks = (await localWorlds(size, 60)).map(
    (world) => new RankedSum(world, () => ({ cells: new Float32Array(gradientCells) })),
  );
  for (let count = 1; count <= 9; count++) {
    const expected = Buffer.from(summedInOneProcess(count).buffer);
    const totals = await Promise.all(
      ranks.map(async (sum) => {
        const { start, end } = sum.begin(count);
        for (let micro = start; micro < end; micro++) {
          const storage = sum.storage();
          storage.cells.set(gradientOf(micro));
          sum.add(storage);
        }
        return (await sum.total()).cells;
      }),
    );
    for (const total of totals) expect(Buffer.compare(Buffer.from(total.buffer), expected)).toBe(0);
  }
});

test("a gradient too many, one too few and a step without micro-batches are errors", async () => {
  const [world] = await localWorlds(1, 60);
  const sum = new RankedSum(world!, () => ({ cells: new Float32Array(1) }));
  expect(() => sum.begin(0)).toThrow("at least one micro-batch");
  sum.begin(1);
  await expect(sum.total()).rejects.toThrow("before the total");
  sum.add(sum.storage());
  expect(() => sum.add(sum.storage())).toThrow("one more");
  expect(() => sum.begin(1)).toThrow("total to be taken");
});
