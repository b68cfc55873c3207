import { describe, expect, it } from "vitest";
import { learningRate, type Schedule } from "./schedule.ts";

const cosine: Schedule = { schedule: "cosine", steps: 12, warmup: 4, peak: 1, final: 0.2 };
const openpi: Schedule = { schedule: "cosine", steps: 30_000, warmup: 1000, peak: 2.5e-5, final: 2.5e-6 };

describe("learningRate", () => {
  it("rises in equal steps from peak / (warmup + 1) to the peak", () => {
    // 1/5, 2/5, 3/5, 4/5, 1: warmup + 1 equal steps of which the first is taken at step 0.
    const rates = [0, 1, 2, 3, 4].map((step) => learningRate(cosine, step));
    expect(rates.map((rate) => Math.round(rate * 1e12) / 1e12)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  });

  it("falls along half a cosine over the steps after the warmup", () => {
    // Over 8 steps: a quarter of the way is 0.2 + 0.8·(1 + √½)/2, half of it 0.6, three quarters 0.2 + 0.8·(1 − √½)/2.
    expect(learningRate(cosine, 6)).toBeCloseTo(0.2 + 0.4 * (1 + Math.SQRT1_2), 14);
    expect(learningRate(cosine, 8)).toBeCloseTo(0.6, 14);
    expect(learningRate(cosine, 10)).toBeCloseTo(0.2 + 0.4 * (1 - Math.SQRT1_2), 14);
    expect(learningRate(cosine, 12)).toBeCloseTo(0.2, 14);
  });

  it("stays at the final rate after its last step", () => {
    for (const step of [12, 13, 1_000_000]) expect(learningRate(cosine, step)).toBeCloseTo(0.2, 14);
  });

  it("gives the rates of openpi's own schedule", () => {
    // optax 0.2.8 in float64: warmup_cosine_decay_schedule(2.5e-5 / 1001, 2.5e-5, 1000, 30000, 2.5e-6).
    const expected: readonly (readonly [number, number])[] = [
      [0, 2.497502497502e-8],
      [500, 1.251248751249e-5],
      [999, 2.497502497502e-5],
      [1000, 2.5e-5],
      [1001, 2.499999993399e-5],
      [10_000, 2.006335448533e-5],
      [29_999, 2.500000066013e-6],
      [30_000, 2.5e-6],
      [40_000, 2.5e-6],
    ];
    for (const [step, rate] of expected) expect(learningRate(openpi, step) / rate).toBeCloseTo(1, 11);
  });

  it("is constant after the warmup where the recipe says so", () => {
    const constant: Schedule = { ...cosine, schedule: "constant", final: 1 };
    expect([4, 8, 12, 99].map((step) => learningRate(constant, step))).toEqual([1, 1, 1, 1]);
    expect(learningRate(constant, 0)).toBeCloseTo(0.2, 14);
    expect(learningRate({ ...constant, final: 0.2 }, 11)).toBe(1);
  });

  it("begins at the peak without a warmup", () => {
    expect(learningRate({ ...cosine, warmup: 0 }, 0)).toBe(1);
  });

  it("ends at once where the warmup is the whole schedule", () => {
    expect(learningRate({ ...cosine, warmup: 12 }, 11)).toBeCloseTo(12 / 13, 14);
    expect(learningRate({ ...cosine, warmup: 12 }, 12)).toBeCloseTo(0.2, 14);
  });

  it("knows no step before the first or between two", () => {
    for (const step of [-1, 0.5, Number.NaN]) expect(() => learningRate(cosine, step)).toThrow(RangeError);
  });
});
