import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { GradientSum } from "./gradient-sum.ts";
import { Packed } from "./packed.ts";

const form = { name: "w", axes: "i", shape: [1000] };

function gradientOf(micro: number): Packed {
  const cells = new Float32Array(1000);
  stream(3, "gradient").fillNormal(cells, micro, 0, 0);
  return Packed.copyOf(new Map([[form.name, new HostArray(form.axes, form.shape, "float32", cells)]]));
}

function summed(gradients: readonly Packed[]): Packed {
  const sum = new GradientSum(() => Packed.zeros([form]));
  for (const gradient of gradients) {
    const storage = sum.storage();
    storage.cells.set(gradient.cells);
    sum.add(storage);
  }
  return Packed.copyOf(sum.total());
}

const micros = (start: number, end: number) => Array.from({ length: end - start }, (_, at) => gradientOf(start + at));

test("the sum of eight micro-batches is that of their halves, to the bit, and of five that of four and one", () => {
  expect(summed(micros(0, 8)).cells).toEqual(summed([summed(micros(0, 4)), summed(micros(4, 8))]).cells);
  expect(summed(micros(0, 5)).cells).toEqual(summed([summed(micros(0, 4)), gradientOf(4)]).cells);
});

test("every micro-batch counts once, also when the storage is used again", () => {
  const sum = new GradientSum(() => Packed.zeros([form]));
  for (const round of [0, 1]) {
    for (let micro = 0; micro < 7; micro++) {
      const storage = sum.storage();
      storage.cells.set(gradientOf(10 * round + micro).cells);
      sum.add(storage);
    }
    const total = sum.total().cells;
    for (let at = 0; at < 1000; at++) {
      const expected = micros(10 * round, 10 * round + 7).reduce((part, { cells }) => part + cells[at]!, 0);
      // Seven terms around 1.
      expect(Math.abs(total[at]! - expected)).toBeLessThan(2e-6);
    }
  }
});

test("a sum of nothing and a gradient of other parameters are errors", () => {
  const sum = new GradientSum(() => Packed.zeros([form]));
  expect(() => sum.total()).toThrow("at least one micro-batch");
  sum.add(gradientOf(0));
  expect(() => sum.add(Packed.zeros([{ ...form, name: "v" }]))).toThrow("of one layout");
});
