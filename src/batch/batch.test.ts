import { describe, expect, it } from "vitest";
import { expectSameBits } from "../graph/testing/bits.ts";
import { decodeBatch, encodeBatch, transferList } from "./batch.ts";
import type { BatchLayout } from "./layout.ts";
import { raggedBatch } from "./testing/example-batch.ts";

const layout: BatchLayout = {
  rows: 5,
  steps: 4,
  actionWidth: 3,
  stateWidth: 2,
  views: 2,
  observations: 3,
  tokens: 4,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 2,
};

describe("a batch across a worker border", () => {
  it("keeps every value, every fact and its provenance", () => {
    const batch = raggedBatch(layout, 3);
    const sent = encodeBatch(raggedBatch(layout, 3));
    const received = decodeBatch(structuredClone(sent, { transfer: transferList(sent) }));
    expectSameBits("batch", received, batch);
    expect(received.facts.historyKept.isReal(2)).toBe(batch.facts.historyKept.isReal(2));
    received.actions.read((values, valid) => {
      expect(values.axes).toBe("b t d");
      expect(valid.count).toBe(batch.actions.valid.count);
    });
  });

  it("moves the large arrays instead of copying them", () => {
    const batch = raggedBatch(layout, 3);
    const sent = encodeBatch(batch);
    structuredClone(sent, { transfer: transferList(sent) });
    expect(batch.images.read((values) => values.cells.length)).toBe(0);
  });

  it("refuses a fact that was lost, swapped or renamed on the way (a field lost in to_dict)", () => {
    const encoded = encodeBatch(raggedBatch(layout, 3));
    const { stepReal: _, ...rest } = encoded.facts;
    const lost = JSON.parse(JSON.stringify({ facts: rest }));
    expect(() => decodeBatch({ ...encoded, facts: lost.facts })).toThrow(/encoded validity of "b t"/);
    const swapped = { ...encoded, facts: { ...encoded.facts, dofReal: encoded.facts.stateReal } };
    expect(() => decodeBatch(swapped)).toThrow(/"b d", got validity of "b s"/);
    expect(() => decodeBatch({ ...encoded, state: encoded.actions })).toThrow(
      /float32 \[b o s\], got padded float32 \[b t d\]/,
    );
    expect(() => decodeBatch({ ...encoded, prompt: { ...encoded.prompt, cells: new Float32Array(20) } })).toThrow(
      /cells of int32 for \[b n\]/,
    );
  });
});
