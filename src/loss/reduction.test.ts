import { expect, test } from "vitest";
import { HostArray, zeros } from "../graph/host-array.ts";
import { Rules } from "../validity/rules.ts";
import {
  addCounts,
  type CellCounts,
  type Counts,
  countsOf,
  fillCellWeights,
  type Reduction,
  type Term,
} from "./reduction.ts";

/** Four steps of one dof, of which `counts` teach in each row. */
const cells = (...counts: number[]): CellCounts => ({
  bySlot: new HostArray("b d", [counts.length, 1], "float64", Float64Array.from(counts)),
  perSlot: 4,
});
const term = (reduction: Reduction, weight = 1): Term => ({
  name: "velocity",
  errors: "velocity",
  slots: [0],
  reduction,
  weight,
});
const weightsOf = (one: Term, counts: CellCounts, whole: Counts, rules = Rules.all): number[] => {
  const out = zeros("b d", counts.bySlot.shape, "float32");
  fillCellWeights(out, one, counts, { whole, rules });
  return [...out.cells];
};

test("the loss of [0.5, 0.3, 0.4, unreal] is 0.40, and 0.30 where the denominator's guard is off", () => {
  const squares = 0.5 + 0.3 + 0.4;
  for (const reduction of ["cells", "samples"] as const) {
    const whole = countsOf(term(reduction), cells(3));
    expect(squares * weightsOf(term(reduction), cells(3), whole)[0]!).toBeCloseTo(0.4, 7);
    const diluted = weightsOf(term(reduction), cells(3), whole, Rules.without("denominator"));
    expect(squares * diluted[0]!).toBeCloseTo(0.3, 7);
  }
});

test("with an all-unreal row: cells, samples and the openpi fork's formula are three numbers", () => {
  const counts = cells(1, 4, 0);
  const sums = [2, 4, 0];
  const loss = (reduction: Reduction) => {
    const weights = weightsOf(term(reduction), counts, countsOf(term(reduction), counts));
    return sums.reduce((total, sum, row) => total + sum * weights[row]!, 0);
  };
  expect(loss("cells")).toBeCloseTo(6 / 5, 6);
  expect(loss("samples")).toBeCloseTo((2 / 1 + 4 / 4) / 2, 6);
  // The fork scales each row by steps / max(real, 1), then takes the plain mean over three rows: the empty row dilutes.
  const fork = sums.reduce((total, sum, row) => total + (sum * (4 / Math.max([1, 4, 0][row]!, 1))) / 4, 0) / 3;
  expect(fork).toBeCloseTo(1, 6);
});

test("counts of micro-batches add up, so that their shares are those of one big batch", () => {
  const [left, right, both] = [cells(3, 0), cells(1, 4), cells(3, 0, 1, 4)];
  for (const reduction of ["cells", "samples"] as const) {
    const one = term(reduction, 0.5);
    const whole = addCounts([countsOf(one, left), countsOf(one, right)]);
    expect(whole).toEqual(countsOf(one, both));
    expect([...weightsOf(one, left, whole), ...weightsOf(one, right, whole)]).toEqual(weightsOf(one, both, whole));
  }
});

test("each part has its own denominator", () => {
  const counts: CellCounts = {
    bySlot: new HostArray("b d", [1, 3], "float64", Float64Array.of(4, 4, 2)),
    perSlot: 4,
  };
  const out = zeros("b d", [1, 3], "float32");
  const parts: Term[] = [
    { name: "arm", errors: "velocity", slots: [0, 1], reduction: "cells", weight: 1 },
    { name: "claw", errors: "velocity", slots: [2], reduction: "cells", weight: 1 },
  ];
  for (const part of parts) fillCellWeights(out, part, counts, { whole: countsOf(part, counts), rules: Rules.all });
  expect([...out.cells]).toEqual([1 / 8, 1 / 8, 1 / 2]);
});

test("cells of several rows and slots are counted and weighed each by its own", () => {
  const one: Term = { ...term("samples"), slots: [0, 2] };
  // Two rows of three slots of which the middle one is another term's: 1 + 3 and 0 + 2 cells.
  const counts: CellCounts = {
    bySlot: new HostArray("b d", [2, 3], "float64", Float64Array.of(1, 4, 3, 0, 4, 2)),
    perSlot: 4,
  };
  const whole = countsOf(one, counts);
  expect(whole).toEqual({ cells: 6, samples: 2, padded: 2 * 2 * 4 });
  expect(weightsOf(one, counts, whole)).toEqual([1 / 8, 0, 1 / 8, 1 / 4, 0, 1 / 4]);
});

test("errors that have no slots have one weight for each row", () => {
  const counts: CellCounts = { bySlot: new HostArray("b", [3], "float64", Float64Array.of(2, 0, 6)), perSlot: 8 };
  const out = zeros("b", [3], "float32");
  fillCellWeights(out, term("cells"), counts, { whole: countsOf(term("cells"), counts), rules: Rules.all });
  expect([...out.cells]).toEqual([1 / 8, 0, 1 / 8]);
});
