import { describe, expect, it } from "vitest";
import { fieldNames } from "../batch/each.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { exampleBatch, raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { grown, rearranged, taken, withoutTarget } from "./rearrange.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 2,
  actionWidth: 3,
  stateWidth: 2,
  views: 2,
  observations: 2,
  tokens: 3,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 1,
};
const larger: BatchLayout = {
  rows: 5,
  steps: 4,
  actionWidth: 5,
  stateWidth: 3,
  views: 3,
  observations: 3,
  tokens: 4,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 1,
};

describe("places that come from elsewhere", () => {
  const square = new HostArray("i j", [2, 3], "float32", Float32Array.of(1, 2, 3, 4, 5, 6));

  it("are permuted, repeated and filled, along each axis by itself", () => {
    const { shape, cells } = taken(square, { i: [1, -1, 0], j: [2, 0] }, 9);
    expect(shape).toEqual([3, 2]);
    expect([...cells]).toEqual([6, 4, 9, 9, 3, 1]);
  });

  it("may be named along outer axes alone: whole rows move", () => {
    expect([...taken(square, { i: [1, 1] }, 0).cells]).toEqual([4, 5, 6, 4, 5, 6]);
  });
});

describe("a batch in a larger layout", () => {
  const batch = raggedBatch(layout, 2);

  it("has the same samples, and nothing that is real is new", () => {
    const wide = rearranged(batch, grown(layout, larger));
    expect(wide.images.valid.shape).toEqual([5, 3, 3]);
    const facts = Object.entries(batch.facts).map(([name, fact]) => [name, fact.count]);
    expect(Object.entries(wide.facts).map(([name, fact]) => [name, fact.count])).toEqual(facts);
    for (const name of fieldNames) expect(wide[name].valid.count).toBe(batch[name].valid.count);
    expect([...wide.ownDof.cells.subarray(0, 5)]).toEqual([...batch.ownDof.cells.subarray(0, 3), -1, -1]);
    expect(wide.provenance.frame).toEqual(Int32Array.of(...batch.provenance.frame, -1));
  });

  it("keeps now as the last observation slot: padding comes before", () => {
    const wide = rearranged(exampleBatch(layout, 3), grown(layout, larger));
    expect([...wide.facts.historyReal.bits.subarray(0, 3)]).toEqual([0, 1, 1]);
    wide.state.read(({ cells }) => expect([...cells.subarray(0, 3)]).toEqual([0, 0, 0]));
  });

  it("is the batch again where it is cut to its places", () => {
    const wide = rearranged(batch, grown(layout, larger));
    const run = (count: number) => [...Array(count).keys()];
    const back = rearranged(wide, { b: run(4), o: [1, 2], t: run(2), d: run(3), s: run(2), v: run(2), n: run(3) });
    expectSameBits("batch", back, batch);
  });
});

it("a sample that teaches nothing has no action cells, dofs or own dofs and one token, and its pictures stay", () => {
  const batch = exampleBatch(layout, 4);
  const changed = withoutTarget(batch, (row) => row === 1);
  expect([...changed.facts.targetReal.bits]).toEqual([1, 0, 1, 1]);
  expect(changed.actions.valid.count).toBe(3 * 2 * 3);
  expect([...changed.facts.tokenReal.bits]).toEqual([1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
  expect([...changed.ownDof.cells.subarray(3, 6)]).toEqual([-1, -1, -1]);
  changed.actions.read(({ cells }) => expect([...cells.subarray(6, 12)]).toEqual([0, 0, 0, 0, 0, 0]));
  expectSameBits("images", changed.images, batch.images);
  expectSameBits("stepReal", changed.facts.stepReal, batch.facts.stepReal);
});
