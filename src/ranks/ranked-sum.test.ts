import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { GradientSum } from "../optimizer/gradient-sum.ts";
import { Packed } from "../optimizer/packed.ts";
import { RankedSum } from "./ranked-sum.ts";
import { localWorlds } from "./testing.ts";

// Its sums need several buckets at three ranks, the last of them ragged.
const length = 3 * (2 ** 19 + 1000) + 7;
const form = { name: "w", axes: "i", shape: [length] };

function gradientOf(micro: number): Float32Array {
  const cells = new Float32Array(length);
  stream(3, "gradient").fillNormal(cells.subarray(0, 500), micro, 0, 0);
  for (let at = 500; at < length; at++) cells[at] = Math.fround(cells[at % 500]! * (1 + at));
  return cells;
}

const gradients = Array.from({ length: 9 }, (_, micro) => gradientOf(micro));

function inOneProcess(count: number): Float32Array {
  const sum = new GradientSum(() => Packed.zeros([form]));
  for (const cells of gradients.slice(0, count)) {
    sum.add(Packed.copyOf(new Map([[form.name, new HostArray(form.axes, form.shape, "float32", cells)]])));
  }
  return sum.total().get(form.name)!.cells;
}

test.each([1, 2, 3, 4])("the sum over %i ranks has the bits of one process, for 1 to 9 micro-batches", async (size) => {
  const ranks = (await localWorlds(size, 60)).map(
    (world) => new RankedSum(world, () => ({ cells: new Float32Array(length) })),
  );
  for (let count = 1; count <= 9; count++) {
    const expected = Buffer.from(inOneProcess(count).buffer, 0, 4 * length);
    const totals = await Promise.all(
      ranks.map(async (sum) => {
        const { start, end } = sum.begin(count);
        for (let micro = start; micro < end; micro++) {
          const storage = sum.storage();
          storage.cells.set(gradients[micro]!);
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
