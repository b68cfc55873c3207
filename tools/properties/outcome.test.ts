import { expect, it } from "vitest";
import { outcomeOf } from "./outcome.ts";

it("names the seeds that are not as drawn in their order, with what is wrong and what was drawn", () => {
  const one = { seed: 9, found: ["a", "b", "c", "d", "e"], drawn: "{9}" };
  const other = { seed: 4, found: ["f"], drawn: "{4}" };
  const { status, text, json } = outcomeOf({ count: 10, first: 0, seconds: 61 }, [one, other]);
  expect(text).toBe(
    [
      "seed 4\n  f\n  drawn: {4}",
      "seed 9\n  a\n  b\n  c\n  and 2 more\n  drawn: {9}",
      "Datasets 0 to 9: 8 of 10 are as drawn, in 1:01.",
      "Not as drawn: seeds 4, 9.",
    ].join("\n"),
  );
  expect([status, json]).toEqual([1, { count: 10, first: 0, seconds: 61, failed: [other, one] }]);
});

it("is done where all are", () => {
  const { status, text } = outcomeOf({ count: 1, first: 3, seconds: 2 }, []);
  expect([status, text]).toEqual([0, "Dataset 3: 1 of 1 is as drawn, in 0:02."]);
});
