import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { normalize } from "./normalize.ts";
import {
  actionConversionsOf,
  conversionsOf,
  inUnits,
  isRecordedAlike,
  type Measured,
  ofRecorded,
  ownUnit,
  unitProblems,
} from "./unit.ts";

const one = (unit: string, recordedIn: Measured["recordedIn"], recorded: number) => {
  const [conversion] = conversionsOf([{ unit, recordedIn }]);
  return conversion!.factor * recorded + conversion!.offset;
};

describe("a recorded number in the unit of its entry", () => {
  it.each([
    ["rad", "deg", 180, Math.PI],
    ["deg", "rad", Math.PI, 180],
    ["rad/s", "deg/s", -90, -Math.PI / 2],
    ["m", "mm", 250, 0.25],
    ["mm", "cm", 3, 30],
    ["-1..1", "-100..100", -50, -0.5],
    ["fraction", "0..100", 25, 0.25],
    ["rad", undefined, 2, 2],
    ["unknown", undefined, 2, 2],
    ["rad", "rad", 2, 2],
  ])("in %s from %s: %d is %d", (unit, recordedIn, recorded, value) => {
    expect(one(unit, recordedIn, recorded)).toBeCloseTo(value, 12);
  });

  it("from a range is on the line between the limits that its ends stand for, and beyond", () => {
    const joint = { range: [-100, 100], limits: [-1, 2] } as const;
    expect([-100, 0, 100, 120].map((recorded) => one("rad", joint, recorded))).toEqual([
      -1,
      0.5,
      2,
      expect.closeTo(2.3, 12),
    ]);
    const turned = { range: [0, 10], limits: [1, -1] } as const;
    expect([0, 5, 10].map((recorded) => one("rad", turned, recorded))).toEqual([1, 0, -1]);
  });

  it("has no offset where it is a difference from the state", () => {
    const joint = { unit: "rad", recordedIn: { range: [-100, 100], limits: [-1, 2] } } as const;
    const dofs = [
      { ...joint, state: 0 },
      { ...joint, state: null },
    ];
    const offsets = (frame: "absolute" | "delta") => actionConversionsOf(dofs, frame).map(({ offset }) => offset);
    expect([offsets("absolute"), offsets("delta")]).toEqual([
      [0.5, 0.5],
      [0, 0.5],
    ]);
  });

  it("is entry by entry of a row; rows that are recorded in their units are the same array", () => {
    const rows = new HostArray("i j", [2, 2], "float64", Float64Array.of(1, 2, 3, 4));
    const [mm, m] = conversionsOf([{ unit: "mm", recordedIn: "m" }, { unit: "m" }]);
    expect([...inUnits(rows, [mm!, m!]).cells]).toEqual([1000, 2, 3000, 4]);
    expect(inUnits(rows, [m!, m!])).toBe(rows);
  });
});

it("a unit scale of recorded numbers gives what that of the entry's unit gives of converted ones", () => {
  const entries = [
    { unit: "rad", recordedIn: { range: [-100, 100], limits: [2, -1] } } as const,
    { unit: "mm", recordedIn: "m" },
  ];
  const conversions = conversionsOf(entries);
  const unit = { mode: "mean-std", center: Float64Array.of(0.3, 40), scale: Float64Array.of(0.7, 6) } as const;
  const rows = new HostArray("i j", [2, 2], "float64", Float64Array.of(-40, 0.05, 80, 0.01));
  const normal = (values: typeof rows, by: Parameters<typeof normalize>[1]) =>
    normalize(Padded.of(values, Validity.complete("i", [2])), by).read(({ cells }) => [...cells]);
  // −40 is 0.5 + 0.6 = 1.1 rad, 80 is 0.5 − 1.2 = −0.7 rad; 50 mm and 10 mm.
  const wanted = [(1.1 - 0.3) / 0.7, 10 / 6, -1 / 0.7, -30 / 6].map((value) => expect.closeTo(value, 6));
  expect(normal(inUnits(rows, conversions), unit)).toEqual(wanted);
  expect(normal(rows, ofRecorded(unit, conversions))).toEqual(wanted);
  expect(ofRecorded(unit, conversionsOf([{ unit: "rad" }, { unit: "m" }]))).toBe(unit);
});

it("a robot gives and takes what is recorded", () => {
  const range = { range: [-100, 100], limits: [-1, 2] } as const;
  expect(
    [{ unit: "rad" }, { unit: "rad", recordedIn: "deg" }, { unit: "rad", recordedIn: range }].map(ownUnit),
  ).toEqual(["rad", "deg", "-100..100"]);
});

it("units that are not converted into each other are named on one line", () => {
  expect(unitProblems({ unit: "rad", recordedIn: "mm" })).toEqual([
    'expected recordedIn to be rad or deg, as its unit is "rad", got "mm"',
  ]);
  expect(unitProblems({ unit: "unknown", recordedIn: "deg" })).toEqual([
    'expected a unit that is converted (rad, deg; rad/s, deg/s; m, cm, mm; m/s, cm/s, mm/s; -1..1, -100..100; fraction, 0..100) beside recordedIn "deg", got "unknown"',
  ]);
  expect(unitProblems({ unit: "rad", recordedIn: { range: [5, 5], limits: [1, 2] } })).toEqual([
    "expected a recordedIn.range of two different ends, got 5 twice",
  ]);
  expect(unitProblems({ unit: "rad", recordedIn: { range: [0, 5], limits: [2, 2] } })).toHaveLength(1);
  expect(unitProblems({ unit: "rad", recordedIn: "deg" })).toEqual([]);
});

it("entries are recorded alike in the same unit, or with the same ends for the same limits", () => {
  const range = { range: [-100, 100], limits: [-1, 2] } as const;
  for (const same of [undefined, "deg", range]) expect(isRecordedAlike(same, structuredClone(same))).toBe(true);
  expect(isRecordedAlike("deg", "rad")).toBe(false);
  expect(isRecordedAlike("deg", undefined)).toBe(false);
  expect(isRecordedAlike(range, "deg")).toBe(false);
  for (const other of [{ ...range, range: [-100, 99] } as const, { ...range, limits: [0, 2] } as const])
    expect(isRecordedAlike(range, other)).toBe(false);
});
