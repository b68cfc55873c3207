import { describe, expect, it } from "vitest";
import { fieldNames } from "../batch/each.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { type BatchCells, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { cellsOf, countCells, onlyPaddingOf, paddingKinds } from "./kind.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 4,
  actionWidth: 4,
  stateWidth: 2,
  views: 2,
  observations: 2,
  tokens: 4,
  responseTokens: 4,
  actionTokens: 4,
  metadataTokens: 4,
  subgoals: 2,
  pictureSize: 1,
};
/** Rows: narrow at an episode's start; no target; dropped history near an end; a filler. */
const batch = raggedBatch(layout, 1);

describe("the kinds of padding", () => {
  it("share no cell and hold together every cell that is not real", () => {
    const unreal = unrealCells(batch);
    for (const name of fieldNames) {
      const sums = Array.from(unreal[name], () => 0);
      for (const kind of paddingKinds) for (const [at, bit] of cellsOf([kind], batch)[name].entries()) sums[at]! += bit;
      expect([name, sums]).toEqual([name, [...unreal[name]]]);
    }
  });

  it("are counted cell by cell, a cell of several reasons for the widest", () => {
    const counts = Object.fromEntries(paddingKinds.map((kind) => [kind, countCells(cellsOf([kind], batch))]));
    expect(counts).toEqual({
      // Row 0 has two of four slots in each of four steps; row 2 all slots in its two real steps.
      "action-dims": 2 * 4,
      "action-steps": 2 * 4,
      // Row 0 has one of two entries now.
      "state-dims": 1,
      // Two views and two entries before now, in row 0 where the episode begins and in row 2 where it was dropped.
      history: 2 * (2 + 2),
      // Row 0 lacks its second camera now.
      views: 1,
      "prompt-tokens": 2,
      // Row 0 has half a response, row 2 none.
      "response-tokens": 2 + 4,
      // Of row 0 half of what there is room for is known, of row 1 nothing.
      "metadata-tokens": 2 + 4,
      // Row 0 has one of two subgoals, rows 1 and 2 have none.
      subgoals: 1 + 2 + 2,
      // Row 0 says half of what there is room for.
      "action-tokens": 2,
      "robotless-samples": 16 + 4,
      "filler-rows": 4 + 4 + 4 + 16 + 1 + 4 + 4 + 4 + 2,
    });
  });

  it("of several at once are those of each", () => {
    const both = cellsOf(["action-dims", "filler-rows"], batch).actions;
    const apart = (["action-dims", "filler-rows"] as const).map((kind) => cellsOf([kind], batch).actions);
    expect([...both]).toEqual([...both].map((_, at) => apart[0]![at]! + apart[1]![at]!));
  });
});

describe("a batch that is padded by one kind only", () => {
  const none = (cells: BatchCells) => fieldNames.every((name) => cells[name].every((bit) => bit === 0));

  it.each(paddingKinds)("has the cells of %s and no other", (kind) => {
    const only = onlyPaddingOf(kind, batch);
    expect(countCells(cellsOf([kind], only))).toBeGreaterThan(0);
    expect(
      none(
        cellsOf(
          paddingKinds.filter((other) => other !== kind),
          only,
        ),
      ),
    ).toBe(true);
    const unreal = unrealCells(only);
    for (const name of fieldNames) expectSameBits(name, unreal[name], cellsOf([kind], only)[name]);
  });
});
