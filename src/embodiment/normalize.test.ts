import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Statistics } from "../dataset/statistics.ts";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import {
  denormalize,
  type NormalizationConvention,
  type NormalizationMode,
  normalization,
  normalize,
  soundNormalization,
} from "./normalize.ts";

const modes: readonly NormalizationMode[] = ["mean-std", "min-max", "quantile", "identity"];
// Entry 0 moves, entry 1 never does, entry 2 is a gripper that opens in less than 1 % of the frames.
const statistics: Statistics = {
  count: 1000,
  mean: Float64Array.of(2, 0.3, 0.001),
  std: Float64Array.of(4, 0, 0.03),
  min: Float64Array.of(-8, 0.3, 0),
  max: Float64Array.of(12, 0.3, 1),
  q01: Float64Array.of(-6, 0.3, 0),
  q99: Float64Array.of(6, 0.3, 0),
};
const steps = (...rows: readonly (readonly number[])[]) =>
  new HostArray("t d", [rows.length, 3], "float64", Float64Array.from(rows.flat()));
const complete = (values: HostArray<"t d", "float64">) => Padded.of(values, Validity.complete("t", [values.shape[0]!]));
const numbers = <A extends string, V extends string>(padded: Padded<A, "float32", V>) =>
  padded.read((values) => [...values.cells]);

describe("normalize", () => {
  it("gives hand-computed values in every mode", () => {
    const values = complete(steps([6, 0.3, 1]));
    const by = (mode: NormalizationMode) =>
      numbers(normalize(values, normalization(mode, statistics, soundNormalization)));
    // 1e-6: the epsilon in the divisor.
    expect(by("mean-std")[0]).toBeCloseTo(1, 6);
    expect(by("mean-std")[2]).toBeCloseTo(0.999 / 0.030001, 4);
    expect(by("min-max")).toEqual([0.4, 0, 1].map((value) => expect.closeTo(value, 5)));
    expect(by("quantile")).toEqual([1, 0, 1].map((value) => expect.closeTo(value, 5)));
    expect(by("identity")).toEqual([6, 0.3, 1].map(Math.fround));
  });

  it("divides as other weights were trained, where their convention says so", () => {
    const values = complete(steps([6, 0.4, 1]));
    const by = (mode: NormalizationMode, change: Partial<NormalizationConvention>) =>
      numbers(normalize(values, normalization(mode, statistics, { ...soundNormalization, ...change })));
    // A dof that never changed, a tenth away: divided by epsilon, not 0.
    expect(by("mean-std", { zeroRange: "epsilon" })[1]).toBeCloseTo(0.1 / 1e-6, 0);
    expect(by("min-max", { zeroRange: "epsilon" })[1]).toBeCloseTo(0.1 / 1e-6, 0);
    // Quantiles of the gripper coincide at 0: divided by epsilon, not by its extremes.
    expect(by("quantile", { coincidingQuantiles: "epsilon" })[2]).toBeCloseTo(1 / 1e-6, 0);
    // Counted from the lower end: a dof at its constant is −1, one that moves is where it is otherwise.
    expect(by("quantile", { zeroRange: "lower" })[0]).toBeCloseTo(1, 6);
    const still = complete(steps([0, 0.3, 0]));
    const lower = { ...soundNormalization, zeroRange: "lower", coincidingQuantiles: "epsilon" } as const;
    for (const mode of ["min-max", "quantile"] as const)
      expect(numbers(normalize(still, normalization(mode, statistics, lower)))[1]).toBeCloseTo(-1, 6);
    expect(numbers(normalize(still, normalization("mean-std", statistics, lower)))[1]).toBe(0);
    expect(by("mean-std", { epsilon: 4 })[0]).toBeCloseTo(0.5, 6);
    expect(by("min-max", { epsilon: 10 })[0]).toBeCloseTo(0.2, 6);
  });

  it("does not clip what lies outside the bounds", () => {
    const outside = numbers(
      normalize(complete(steps([18, 0, 0])), normalization("quantile", statistics, soundNormalization)),
    );
    expect(outside[0]).toBeCloseTo(3, 5);
  });

  it("makes a dof that never changes exactly 0, and gives its constant back whatever the policy says", () => {
    for (const mode of ["mean-std", "min-max", "quantile"] as const) {
      const by = normalization(mode, statistics, soundNormalization);
      expect(numbers(normalize(complete(steps([1, 0.3, 0], [1, 0.7, 0])), by)).filter((_, at) => at % 3 === 1)).toEqual(
        [0, 0],
      );
      const policy = new HostArray("t d", [1, 3], "float32", Float32Array.of(0, 55, 0));
      expect(denormalize(policy, by).cells[1]).toBe(0.3);
    }
  });

  it("makes unreal cells exactly 0 in every mode, whatever stood there", () => {
    for (const mode of modes)
      for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, -1e30, 0]) {
        const values = Padded.of(
          steps([1, 0.3, 0], [poison, poison, poison]),
          Validity.of("t", [2], Uint8Array.of(1, 0)),
        );
        const out = normalize(values, normalization(mode, statistics, soundNormalization));
        expect(numbers(out).slice(3)).toEqual([0, 0, 0]);
        expect(out.valid.bits).toEqual(Uint8Array.of(1, 0));
      }
  });

  it("takes a validity by cell as well", () => {
    const valid = Validity.of("t d", [1, 3], Uint8Array.of(1, 1, 0));
    const out = normalize(
      Padded.of(steps([5, 5, 5]), valid),
      normalization("identity", statistics, soundNormalization),
    );
    expect(numbers(out)).toEqual([5, 5, 0]);
  });

  it("is undone by denormalize", () => {
    const moving = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...modes), fc.array(fc.tuple(moving, moving), { minLength: 1 }), (mode, rows) => {
        const by = normalization(mode, statistics, soundNormalization);
        const values = steps(...rows.map(([first, third]) => [first, 0.3, third]));
        const back = normalize(complete(values), by).read((unit) => denormalize(unit, by));
        // 1e-6 relative: one rounding to float32.
        for (const [at, value] of values.cells.entries())
          expect(Math.abs(back.cells[at]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value) + 10));
      }),
    );
  });

  it("takes the entry by the last axis, also of several rows of steps, and refuses a validity of neither vectors nor cells", () => {
    const by = normalization("min-max", statistics, { ...soundNormalization, epsilon: 0 });
    const values = new HostArray("b t d", [1, 2, 3], "float64", Float64Array.of(12, 0.3, 1, -8, 0.3, 0.5));
    const unit = normalize(Padded.of(values, Validity.complete("b t", [1, 2])), by);
    expect(numbers(unit)).toEqual([1, 0, 1, -1, 0, 0]);
    expect(() => normalize(Padded.of(values, Validity.complete("b", [1])), by)).toThrow(
      'normalize: expected a validity of "b t d" by vector, got one of "b"',
    );
  });

  it("refuses statistics of another width, and says both", () => {
    const by = normalization("mean-std", statistics, soundNormalization);
    const narrow = new HostArray("t d", [1, 2], "float64", Float64Array.of(1, 2));
    expect(() => normalize(Padded.of(narrow, Validity.complete("t", [1])), by)).toThrow(
      "normalize: statistics have 3 entries, values have 2",
    );
    expect(() => denormalize(new HostArray("t d", [1, 2], "float32", Float32Array.of(1, 2)), by)).toThrow(RangeError);
  });
});
