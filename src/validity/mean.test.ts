import fc from "fast-check";
import { expect, test } from "vitest";
import { Mean } from "./mean.ts";

test("an empty mean is not 0", () => {
  expect(Mean.empty.value).toBeNull();
  expect(new Mean(0, 1).value).toBe(0);
});

test("the mean of parts is that of the whole, not a mean of means", () => {
  expect(new Mean(6, 3).plus(new Mean(0, 1)).value).toBe(1.5);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), fc.nat(), (cells, cut) => {
      const mean = (part: number[]) =>
        new Mean(
          part.reduce((sum, cell) => sum + cell, 0),
          part.length,
        );
      const at = cut % cells.length;
      expect(mean(cells.slice(0, at)).plus(mean(cells.slice(at))).value).toBe(mean(cells).value);
    }),
  );
});
