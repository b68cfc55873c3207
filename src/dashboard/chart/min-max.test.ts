import { expect, it } from "vitest";
import { firstAt, minMaxSamples } from "./min-max.ts";

const count = 100_000;
const xs = Array.from({ length: count }, (_, at) => at);

it("keeps a spike of one sample among a hundred thousand, up and down, and says where it is", () => {
  const ys: number[] = xs.map(() => 1);
  ys[31_337] = 50;
  ys[77_001] = -50;
  const kept = minMaxSamples({ xs, ys }, [0, count - 1], 500);
  expect(kept.xs.length).toBeLessThanOrEqual(4 * 501);
  expect(kept.ys.filter((y) => y !== 1)).toEqual([50, -50]);
  expect([kept.xs[kept.ys.indexOf(50)], kept.xs[kept.ys.indexOf(-50)]]).toEqual([31_337, 77_001]);
});

it("keeps both of two spikes that fall on one column of pixels", () => {
  const ys: number[] = xs.map(() => 0);
  ys[200] = 9;
  ys[201] = -9;
  // Ten columns of 10,000 samples each: both are in the first.
  const kept = minMaxSamples({ xs, ys }, [0, count], 10);
  expect(kept.ys.slice(0, 4)).toEqual([0, 9, -9, 0]);
  expect(kept.xs.slice(0, 4)).toEqual([0, 200, 201, 9999]);
});

it("gives all there is where it fits, with one sample on each side of the range", () => {
  const few = { xs: [0, 10, 20, 30, 40], ys: [0, 1, 2, 3, 4] };
  expect(minMaxSamples(few, [15, 25], 100)).toEqual({ xs: [10, 20, 30], ys: [1, 2, 3] });
  expect(minMaxSamples(few, [0, 40], 100)).toEqual(few);
  expect(minMaxSamples({ xs: [], ys: [] }, [0, 1], 100)).toEqual({ xs: [], ys: [] });
});

it("passes over what is not there", () => {
  const ys = xs.map((x) => (x === 5 ? 3 : x === 7 ? -2 : null));
  const kept = minMaxSamples({ xs, ys }, [0, count], 4);
  expect(kept.ys.filter((y) => y !== null)).toEqual([3, -2]);
});

it("finds the first position that is not below a value", () => {
  expect([-1, 0, 0.5, 3, 4].map((value) => firstAt([0, 1, 3], value))).toEqual([0, 0, 1, 2, 3]);
});
