import { describe, expect, it } from "vitest";
import { decodeBits, encodeBits } from "./bits.ts";
import { bootstrap, holm, meanDifference, quantile, signFlip } from "./statistics.ts";

describe("the sign-flip test", () => {
  it("counts the ways that are at least as far from 0: by hand", () => {
    // ±1 ±2 ±3: |sum| ≥ 6 in two ways of eight.
    expect(signFlip([1, 2, 3])).toBe(2 / 8);
    // ±1 ±2 ∓3: the sum is 0, every way is as far.
    expect(signFlip([1, 2, -3])).toBe(1);
    // |sum| = 4: +++ − − − and the two with ∓1 (−1+2+3 = 4).
    expect(signFlip([-1, 2, 3])).toBe(4 / 8);
  });

  it("finds 2 of 1,024 where all ten agree", () => {
    expect(signFlip(Array.from({ length: 10 }, (_, at) => 0.1 + at / 7))).toBe(2 / 1024);
  });

  it("says nothing of no difference", () => {
    expect(signFlip([0, 0, 0])).toBe(1);
  });
});

describe("the hierarchical bootstrap", () => {
  it("knows for certain what never varies", () => {
    expect(bootstrap([[[0.5, 0.5]], [[0.5, 0.5]]], 50)).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  it("weighs robots alike however many starts they have", () => {
    expect(meanDifference([[[1, 1, 1, 1], [0]]])).toBe(0.5);
  });

  it("comes near the normal interval of many seeds", () => {
    // Seeds' means are ±0.1, so their deviation is 0.1, that of the mean of 100 of them 0.01, and 1.96 of these 0.0196.
    const seeds = Array.from({ length: 100 }, (_, at) => [[at % 2 === 0 ? 0.1 : -0.1]]);
    const { mean, low, high } = bootstrap(seeds, 2000);
    expect(mean).toBeCloseTo(0, 12);
    expect(low).toBeCloseTo(-0.0196, 2.5);
    expect(high).toBeCloseTo(0.0196, 2.5);
  });

  it("draws starts too: one seed alone has an interval", () => {
    // 100 starts, half of them 1: the deviation of their mean is 0.05, so 0.5 ± 0.098.
    const { low, high } = bootstrap([[Array.from({ length: 100 }, (_, at) => at % 2)]], 2000);
    expect(low).toBeGreaterThan(0.38);
    expect(low).toBeLessThan(0.42);
    expect(high).toBeGreaterThan(0.58);
    expect(high).toBeLessThan(0.62);
  });
});

it("Holm's correction, by hand", () => {
  // Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 gives 0.04, 0.06, 0.06, 0.04, and never falling 0.04, 0.06, 0.06, 0.06.
  expect(holm([0.04, 0.01, 0.03, 0.02]).map((value) => Math.round(1e9 * value) / 1e9)).toEqual([
    0.06, 0.04, 0.06, 0.06,
  ]);
  expect(holm([0.5, 0.9])).toEqual([1, 1]);
});

it("quantiles lie between the two nearest", () => {
  expect(quantile([0, 10, 20, 30], 0.25)).toBe(7.5);
  expect(quantile([1], 0.975)).toBe(1);
});

it("outcomes come back from the table", () => {
  const bits = [true, false, false, true, true, true];
  expect(encodeBits(bits)).toBe("9c");
  expect(decodeBits("9c", 6)).toEqual(bits);
});
