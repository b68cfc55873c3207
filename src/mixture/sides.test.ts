import { describe, expect, it } from "vitest";
import { sidesOf } from "./sides.ts";

const episodes = [0, 1, 2, 3, 4, 5].map((index) => ({ index, length: 10 + index }));
const stored = { train: [0, 3], validation: [1] };
const sides = (role: "train" | "validation" | "both", split: typeof stored | null) => {
  const { train, validation } = sidesOf({ name: "toy", role, validationRatio: 0.5 }, episodes, {
    seed: 1,
    stored: split,
  });
  return [train, validation].map((side) => side.map(({ index }) => index));
};

describe("the sides of a dataset that a run has split", () => {
  it("are those of the run: what came later is on neither", () => {
    expect(sides("both", stored)).toEqual([[0, 3], [1]]);
    expect(sides("train", stored)).toEqual([[0, 3], []]);
    expect(sides("validation", { train: [], validation: [1, 4] })).toEqual([[], [1, 4]]);
  });

  it("are what a role says where it is another than in training", () => {
    expect(sides("validation", stored)).toEqual([[], [0, 1, 2, 3, 4, 5]]);
    expect(() => sides("both", { train: [0, 1], validation: [] })).toThrow(/got one that it trained on as a whole/);
  });

  it("need every episode that was held out", () => {
    expect(() => sides("both", { train: [0], validation: [4, 7, 8, 9] })).toThrow(
      'dataset "toy": expected the episodes that the run held out, got none of 7–9; put them back',
    );
  });

  it("are drawn where no run has: half of six are held out, and each is on one side", () => {
    const [train, validation] = sides("both", null);
    expect([train!.length, validation!.length]).toEqual([3, 3]);
    expect([...train!, ...validation!].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
