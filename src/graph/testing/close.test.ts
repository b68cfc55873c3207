import { describe, expect, it } from "vitest";
import { expectClose, expectFinite } from "./close.ts";

const tight = { absolute: 1e-6, relative: 1e-6, because: "rounding" };

describe("closeness", () => {
  it("names the largest difference, its cell and the reason for the tolerance", () => {
    expect(() => expectClose("loss", [1, 2.5, 3.125, 4], [1, 2, 3, 4], tight)).toThrow(
      "loss: largest difference 5.00e-1 at cell 1: expected 2, got 2.5; 2 of 4 cells lie further than 0.000001 + 0.000001 · |expected| (rounding)",
    );
  });

  it("takes a difference within the tolerance and an infinity that was expected", () => {
    expectClose("loss", [1 + 1.9e-6, Number.POSITIVE_INFINITY], [1, Number.POSITIVE_INFINITY], tight);
  });

  it("refuses NaN for a number, a number for NaN, one infinity for the other and another length", () => {
    const infinity = Number.POSITIVE_INFINITY;
    for (const [actual, expected] of [
      [[Number.NaN], [1]],
      [[1], [Number.NaN]],
      [[infinity], [-infinity]],
      [[1], [1, 1]],
    ] as const)
      expect(() => expectClose("loss", actual, expected, tight)).toThrow("loss");
  });

  it("an exact tolerance takes equal numbers only", () => {
    const exact = { absolute: 0, relative: 0, because: "a sum of small integers" };
    expectClose("count", [3, 0], [3, -0], exact);
    expect(() => expectClose("count", [3 + 1e-15], [3], exact)).toThrow("count");
  });
});

it("finite cells are asked for cell by cell", () => {
  expectFinite("gradient", [0, 1e308]);
  expect(() => expectFinite("gradient", [0, Number.NaN])).toThrow("got NaN at cell 1");
});
