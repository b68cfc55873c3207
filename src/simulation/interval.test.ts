import { expect, it } from "vitest";
import { successInterval } from "./interval.ts";

it("without a success, or with nothing else, it is one-sided: its width is z² / (n + z²)", () => {
  const [low, high] = successInterval(0, 10);
  expect(low).toBe(0);
  expect(high).toBeCloseTo(3.841458821 / 13.841458821, 9);
  expect(successInterval(10, 10)[0]).toBeCloseTo(1 - high, 12);
  expect(successInterval(10, 10)[1]).toBe(1);
});

it("both bounds solve the equation that defines them: the rate lies 1.96 standard errors off", () => {
  const [successes, tries] = [37, 50];
  for (const bound of successInterval(successes, tries))
    expect(Math.abs(successes / tries - bound) / Math.sqrt((bound * (1 - bound)) / tries)).toBeCloseTo(1.959964, 6);
});

it("a rate of no tries is refused", () => {
  expect(() => successInterval(0, 0)).toThrow("at least one try");
});

// Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
it.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("of %d successes in %d tries it is the published one", (successes, tries, low, high) => {
  const found = successInterval(successes, tries);
  expect(found[0]).toBeCloseTo(low, 4);
  expect(found[1]).toBeCloseTo(high, 4);
});
