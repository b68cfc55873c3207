import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { QuantileSketch } from "./quantile.ts";
import { changes, type MeasuredRows, measure } from "./statistics.ts";

function block(rows: readonly (readonly number[])[], real: readonly number[]): MeasuredRows {
  const values = new HostArray("i j", [rows.length, rows[0]!.length], "float64", Float64Array.from(rows.flat()));
  return Padded.of(values, Validity.of("i", [rows.length], Uint8Array.from(real)));
}

describe("statistics", () => {
  test("of 1, 2, 3, 4 and of what never changes are those of the book", async () => {
    const rows = [
      [1, 5],
      [2, 5],
      [3, 5],
      [4, 5],
    ];
    const statistics = await measure([block(rows, [1, 1, 1, 1])], 2);
    expect(statistics.count).toBe(4);
    expect([...statistics.mean]).toEqual([2.5, 5]);
    expect([...statistics.std]).toEqual([Math.sqrt(1.25), 0]);
    expect([[...statistics.min], [...statistics.max]]).toEqual([
      [1, 5],
      [4, 5],
    ]);
    // numpy.quantile([1, 2, 3, 4], [0.01, 0.99]).
    expect(statistics.q01[0]).toBeCloseTo(1.03, 12);
    expect(statistics.q99[0]).toBeCloseTo(3.97, 12);
    expect(statistics.quantiles).toBe("exact");
    expect([0, 1].map((entry) => changes(statistics, entry))).toEqual([true, false]);
  });

  test("rows that are not real may hold anything", async () => {
    const clean = await measure([block([[1], [3]], [1, 1])], 1);
    for (const poison of [Number.NaN, 1e30, Number.NEGATIVE_INFINITY])
      expect(await measure([block([[1], [poison], [3], [poison]], [1, 0, 1, 0])], 1)).toEqual(clean);
  });

  test("a real cell that is not finite is refused", async () => {
    await expect(measure([block([[1], [Number.NaN]], [1, 1])], 1)).rejects.toThrow("got NaN in entry 0");
    await expect(measure([block([[1, 2]], [1])], 3)).rejects.toThrow("expected rows of 3 entries, got 2");
  });

  test("nothing real has no statistics", async () => {
    const none = await measure([block([[7]], [0])], 1);
    expect([none.count, none.mean[0], none.min[0], none.q99[0]]).toEqual([0, NaN, NaN, NaN]);
  });

  test("how the rows are cut into blocks changes no bit", async () => {
    const rows = Array.from({ length: 50 }, (_, at) => [Math.sin(at) * 1e3, at % 7]);
    const whole = await measure(
      [
        block(
          rows,
          rows.map(() => 1),
        ),
      ],
      2,
    );
    const cut = [0, 1, 20, 49].map((from, at, all) => rows.slice(from, all[at + 1] ?? 50));
    expect(
      await measure(
        cut.map((part) =>
          block(
            part,
            part.map(() => 1),
          ),
        ),
        2,
      ),
    ).toEqual(whole);
  });

  test("a large mean does not swallow a small spread", async () => {
    const rows = [[1e9 + 4], [1e9 + 7], [1e9 + 13], [1e9 + 16]];
    const { std } = await measure([block(rows, [1, 1, 1, 1])], 1);
    expect(std[0]).toBeCloseTo(Math.sqrt(22.5), 9);
  });
});

describe("quantiles", () => {
  const quantiles = (values: readonly number[], capacity: number) => {
    const sketch = new QuantileSketch(capacity);
    for (const value of values) sketch.add(value);
    return { exact: sketch.isExact, low: sketch.quantile(0.01), high: sketch.quantile(0.99) };
  };

  test("beyond what is kept are within a bin of the exact ones", () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 200, maxLength: 400 });
    fc.assert(
      fc.property(numbers, (values) => {
        const exact = quantiles(values, 1000);
        const binned = quantiles(values, 20);
        expect([exact.exact, binned.exact]).toEqual([true, false]);
        const sorted = [...values].sort((one, other) => one - other);
        // A bin is at most a 2,500th of the range; a rank between two values may come out as either.
        const bin = (sorted.at(-1)! - sorted[0]!) / 2500 + 1e-6;
        for (const [found, rank] of [
          [binned.low, 0.01],
          [binned.high, 0.99],
        ] as const) {
          const at = rank * (values.length - 1);
          expect(found).toBeGreaterThanOrEqual(sorted[Math.floor(at)]! - bin);
          expect(found).toBeLessThanOrEqual(sorted[Math.ceil(at)]! + bin);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("of equal values followed by others go over to a histogram all the same", () => {
    const found = quantiles([...Array.from({ length: 50 }, () => 3), 0, 10], 40);
    expect(found.exact).toBe(false);
    expect(found.low).toBeGreaterThanOrEqual(0);
    expect(found.high).toBeLessThanOrEqual(10.01);
  });
});
