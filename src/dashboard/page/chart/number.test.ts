import { expect, it } from "vitest";
import { brief, clockTime, percentText } from "./number.ts";

it("writes numbers in four significant digits, as briefly as it goes", () => {
  const numbers = [0, 3000, 0.108774, 127.2499, 0.00004, 0.000123456, 1234.5678, 25_000_000, -0.5];
  expect(numbers.map(brief)).toEqual(["0", "3,000", "0.1088", "127.2", "4e-5", "1.23e-4", "1,235", "2.5e+7", "-0.5"]);
  expect(brief(null)).toBe("–");
});

it("writes times as clocks do", () => {
  expect([0.4, 42, 61, 3599.6, 3909].map(clockTime)).toEqual(["0:00", "0:42", "1:01", "1:00:00", "1:05:09"]);
});

it("writes shares in percent, in tenths where there are some", () => {
  expect([0, 0.6, 0.9754, 0.99962, 1].map(percentText)).toEqual(["0 %", "60 %", "97.5 %", "100 %", "100 %"]);
});
