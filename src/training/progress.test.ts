import { expect, it } from "vitest";
import { type BestValidation, better } from "./progress.ts";

const validation = (loss: number | null) => ({ aggregate: { byErrors: new Map(), loss, interval: null } });

it("the best validation is the one of the lowest loss, the first of several, and none of no data", () => {
  const bests: (BestValidation | null)[] = [];
  let best: BestValidation | null = null;
  for (const [step, loss] of [null, 3, 1.5, 2, 1.5, null, 1.25].entries()) {
    best = better(best, 10 * step, validation(loss));
    bests.push(best);
  }
  expect(bests.map((one) => one && [one.step, one.loss])).toEqual([
    null,
    [10, 3],
    [20, 1.5],
    [20, 1.5],
    [20, 1.5],
    [20, 1.5],
    [60, 1.25],
  ]);
});
