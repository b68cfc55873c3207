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
