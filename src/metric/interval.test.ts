import { expect, test } from "vitest";
import { clusterSpread, intervalAbout, pooledSpread, studentQuantile } from "./interval.ts";

test("Student's t is that of the tables, with degrees of freedom rounded down", () => {
  // scipy.stats.t.ppf(0.975, freedom)
  const table = { 1: 12.7062, 2: 4.3027, 4: 2.7764, 5: 2.5706, 7: 2.3646, 10: 2.2281, 30: 2.0423, 120: 1.9799 };
  for (const [freedom, expected] of Object.entries(table)) {
    const found = studentQuantile(Number(freedom) + 0.9);
    expect(Math.abs(found - expected)).toBeLessThan(4e-4);
  }
  expect(studentQuantile(0.5)).toBe(studentQuantile(1));
});

test("a mean of independent values has the interval of every textbook", () => {
  // 1, 2, 3, 4, 5: mean 3, standard error sqrt(2.5 / 5), t of 4 degrees 2.776.
  const values = [1, 2, 3, 4, 5];
  const spread = clusterSpread(values.map((value) => (value - 3) / 5));
  expect(spread?.variance).toBeCloseTo(0.5, 12);
  const [low, high] = intervalAbout(3, spread)!;
  expect([low, high]).toEqual([
    expect.closeTo(3 - 2.776445 * Math.SQRT1_2, 9),
    expect.closeTo(3 + 2.776445 * Math.SQRT1_2, 9),
  ]);
});

test("one cluster says nothing of how clusters scatter, and neither does a sum with such a part", () => {
  expect(clusterSpread([0])).toBeNull();
  expect(intervalAbout(1, null)).toBeNull();
  expect(intervalAbout(null, { variance: 1, freedom: 1 })).toBeNull();
  const known = { weight: 0.5, spread: { variance: 1, freedom: 3 } };
  expect(pooledSpread([known, { weight: 0.5, spread: null }])).toBeNull();
  expect(pooledSpread([])).toBeNull();
});

test("two values of equal spread add up to one of as many degrees of freedom as both", () => {
  const part = { weight: 0.5, spread: { variance: 0.2, freedom: 6 } };
  expect(pooledSpread([part, part])).toEqual({ variance: expect.closeTo(0.1, 12), freedom: expect.closeTo(12, 9) });
  expect(pooledSpread([{ weight: 1, spread: { variance: 0, freedom: 6 } }])).toEqual({ variance: 0, freedom: 6 });
});

test("no bound of a mean of squares is negative", () => {
  expect(intervalAbout(1, { variance: 1, freedom: 1 })).toEqual([0, expect.closeTo(13.706205, 9)]);
});

test("from five degrees of freedom on Student's t is Abramowitz and Stegun's expansion with all of its four terms", () => {
  // In exact fractions: Fraction of Python, z = 1959964 / 10⁶.
  expect(studentQuantile(5)).toBeCloseTo(2.5703082569162268, 12);
  expect(studentQuantile(8)).toBeCloseTo(2.3059794160919935, 12);
});
