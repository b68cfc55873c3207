import { expect, test } from "vitest";
import { ownPlace } from "../ranks/place.ts";
import { rankNotes, trainingRankNotes } from "./rank-notes.ts";

const ranks = (size: number) => ({
  size,
  places: Array.from({ length: size }, () => ({ ...ownPlace(), cores: 8, hostCores: 8 })),
});
const recipe = (size: number, microBatch: number) => ({ threads: 1, batch: { size, microBatch } });

test("ranks without a micro-batch are told of, with a micro-batch that has one for each", () => {
  expect(trainingRankNotes(ranks(2), recipe(16, 16))).toEqual([
    "1 of 2 ranks has no micro-batch to compute: the 16 samples of a step are 1 of 16; " +
      "--set batch.microBatch=8 (other last bits) has one for each rank",
  ]);
  expect(trainingRankNotes(ranks(5), recipe(16, 6))[0]).toMatch(
    /^2 of 5 ranks have .* are 3 of 6; --set batch\.microBatch=3 /,
  );
  expect(trainingRankNotes(ranks(5), recipe(4, 1))[0]).toMatch(
    /^1 of 5 ranks has .* a batch\.size of 5 or more has one/,
  );
  for (const [size, microBatch] of [
    [16, 8],
    [16, 5],
    [2, 1],
  ] as const)
    expect(trainingRankNotes(ranks(2), recipe(size, microBatch))).toEqual([]);
});

test("nothing is said of micro-batches whose number follows from the data", () => {
  const { threads, batch } = recipe(16, 16);
  expect(trainingRankNotes(ranks(2), { threads, batch: { ...batch, shapes: "fit" } })).toEqual([]);
  expect(trainingRankNotes(ranks(2), { threads, batch: { ...batch, shapes: "one" } })).toHaveLength(1);
});

test("one process alone is told nothing", () => {
  expect(rankNotes(ranks(1), { threads: 64 })).toEqual([]);
  expect(rankNotes(ranks(2), { threads: 64 })).toHaveLength(2);
});
