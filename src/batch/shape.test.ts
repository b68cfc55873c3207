import { describe, expect, it } from "vitest";
import type { Draw } from "../mixture/sampler.ts";
import type { BatchLayout } from "./layout.ts";
import { dealtByShape, joinedShape, layoutIn, roundedRows, type Shaping } from "./shape.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 2,
  actionWidth: 3,
  stateWidth: 3,
  views: 3,
  observations: 2,
  tokens: 16,
  actionTokens: 0,
  pictureSize: 8,
};

/** Members 0 and 1 have three cameras, member 2 none. */
const shaping: Shaping = {
  shapes: [
    { views: 3, observations: 2, tokens: 16 },
    { views: 0, observations: 1, tokens: 6 },
  ],
  shapeOf: ({ member }) => (member === 2 ? 1 : 0),
};

const drawsOf = (members: string): Draw[] =>
  Array.from(members, (member, frame) => ({ member: Number(member), episode: 0, frame, draw: 0 }));

/** Members of each micro-batch, its rows and where its samples stand. */
function dealt(members: string, rows: "fewest" | "full", given: Shaping | null = shaping) {
  const found = dealtByShape(drawsOf(members), { purpose: "train", layout, shaping: given, rows });
  return found.map(({ draws, layout: own, places }) => [
    draws.map(({ member }) => member).join(""),
    own.rows,
    own.views,
    places.join(" "),
  ]);
}

describe("rows of a batch", () => {
  it("are cut as they stand where they have one shape, and the last micro-batch is ragged", () => {
    expect(dealt("201201", "fewest", null)).toEqual([
      ["2012", 4, 3, "0 1 2 3"],
      ["01", 4, 3, "4 5"],
    ]);
  });

  it("are divided evenly by shape, in as few micro-batches as there is room for, which take turns", () => {
    expect(dealt("2010122001", "fewest")).toEqual([
      ["010", 3, 3, "1 2 3"],
      ["222", 3, 0, "0 5 6"],
      ["1001", 4, 3, "4 7 8 9"],
    ]);
  });

  it("fill micro-batches one after the other where these are to be full, shape by shape", () => {
    expect(dealt("2010122001", "full")).toEqual([
      ["222", 4, 0, "0 5 6"],
      ["0101", 4, 3, "1 2 3 4"],
      ["001", 4, 3, "7 8 9"],
    ]);
  });

  it("have all sizes of their shape, and the others of the layout", () => {
    const [, blind] = dealtByShape(drawsOf("02"), { purpose: "train", layout, shaping, rows: "fewest" });
    expect(blind!.layout).toEqual({ ...layout, rows: 1, views: 0, observations: 1, tokens: 6 });
    expect(blind!.purpose).toBe("train");
  });
});

it("numbers of rows have four binary digits, and no more than the layout has", () => {
  const rounded = [1, 7, 8, 15, 16, 17, 18, 31, 33, 36, 37, 64, 65].map(roundedRows);
  expect(rounded).toEqual([1, 7, 8, 15, 16, 18, 18, 32, 36, 36, 40, 64, 72]);
  const wide = { ...layout, rows: 17 };
  const [only] = dealtByShape(drawsOf("0".repeat(17)), { purpose: "train", layout: wide, shaping, rows: "fewest" });
  expect(only!.layout.rows).toBe(17);
});

it("a layout has a picture of what is to be reached for each view, where it has any", () => {
  const shape = { views: 1, observations: 1, tokens: 4 };
  expect(layoutIn(layout, shape)).not.toHaveProperty("subgoals");
  expect(layoutIn({ ...layout, subgoals: 3 }, shape)).toMatchObject({ rows: 4, views: 1, subgoals: 1 });
});

it("two shapes fit into the one that has the larger of each size", () => {
  const one = { views: 2, observations: 1, tokens: 5 };
  expect(joinedShape(one, { views: 0, observations: 3, tokens: 4 })).toEqual({ views: 2, observations: 3, tokens: 5 });
});
