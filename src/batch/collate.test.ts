import { describe, expect, it } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { onHost } from "../validity/join.ts";
import { type EncodedPadded, Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { sampleCount } from "./batch.ts";
import { collate } from "./collate.ts";
import { factNames } from "./each.ts";
import type { Example } from "./example.ts";
import { readableSlots } from "./fields.ts";
import type { BatchLayout } from "./layout.ts";
import { poisoned, unrealCells } from "./poison.ts";
import { exampleBatch, raggedBatch } from "./testing/example-batch.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 3,
  actionWidth: 4,
  stateWidth: 3,
  views: 2,
  observations: 2,
  tokens: 3,
  responseTokens: 3,
  actionTokens: 2,
  metadataTokens: 3,
  subgoals: 2,
  pictureSize: 1,
};
const dot = (value: number): Picture => new HostArray("h w c", [1, 1, 3], "uint8", Uint8Array.of(value, value, value));

/** Two dofs in slots 3 and 1, one state in slot 2, one of two steps real, history not there yet, one camera of two. */
const small: Example = {
  name: 'dataset "toy" episode 5 frame 6',
  actions: Padded.of(
    new HostArray("t d", [2, 2], "float32", Float32Array.of(10, 11, 20, 21)),
    Validity.of("t", [2], Uint8Array.of(1, 0)),
  ),
  stepReal: Validity.of("t", [2], Uint8Array.of(1, 0)),
  dofSlots: [3, 1],
  state: Padded.of(
    new HostArray("o s", [2, 1], "float32", Float32Array.of(7, 8)),
    Validity.of("o", [2], Uint8Array.of(0, 1)),
  ),
  stateSlots: [2],
  pictures: [null, null, dot(9), null],
  viewReal: Validity.of("o v", [2, 2], Uint8Array.of(1, 0, 1, 0)),
  tokens: Int32Array.of(1, 66),
  response: Int32Array.of(5, 6),
  metadata: Int32Array.of(30, 31),
  subgoals: [null, dot(8)],
  actionTokens: Int32Array.of(7),
  targetReal: true,
  historyKept: true,
  embodiment: 2,
  provenance: { dataset: 2, controlMode: 1, episode: 5, frame: 6, draw: 3 },
};
const withHistory: Example = {
  ...small,
  state: Padded.of(new HostArray("o s", [2, 1], "float32", Float32Array.of(7, 8)), Validity.complete("o", [2])),
  pictures: [dot(4), null, dot(9), null],
};
/** Cells and bits of one row. */
function row(padded: { encode(): EncodedPadded }, at: number) {
  const { cells, valid } = padded.encode();
  const slice = (all: readonly number[]) => {
    const share = all.length / layout.rows;
    return all.slice(at * share, (at + 1) * share);
  };
  return { cells: slice(Array.from(cells, Number)), real: slice([...valid.bits]) };
}
const bits = (valid: { readonly bits: Uint8Array }) => [...valid.bits].join("");

describe("collate", () => {
  const batch = collate(layout, [small]);

  it("puts each dof into its slot, says which exist, and fills the rest with 0", () => {
    expect(row(batch.actions, 0)).toEqual({
      cells: [0, 11, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0],
      real: [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    });
    const repeating = {
      ...small,
      actions: small.actions.read((values) => Padded.of(values, Validity.complete("t", [2]))),
    };
    // A copy of the last action past the end is written and exists no more than nothing does.
    expect(row(collate(layout, [repeating]).actions, 0)).toEqual({
      cells: [0, 11, 0, 10, 0, 21, 0, 20, 0, 0, 0, 0],
      real: [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    });
    expect(row(batch.state, 0)).toEqual({ cells: [0, 0, 0, 0, 0, 8], real: [0, 0, 0, 0, 0, 1] });
    expect(row(batch.prompt, 0)).toEqual({ cells: [1, 66, 0], real: [1, 1, 0] });
    expect(row(batch.images, 0)).toEqual({ cells: [0, 0, 0, 0, 0, 0, 9, 9, 9, 0, 0, 0], real: [0, 0, 1, 0] });
    expect(row(batch.metadata, 0)).toEqual({ cells: [30, 31, 0], real: [1, 1, 0] });
    expect(row(batch.subgoals, 0)).toEqual({ cells: [0, 0, 0, 8, 8, 8], real: [0, 1] });
    expect([...batch.ownDof.cells.subarray(0, 4)]).toEqual([-1, 1, -1, 0]);
    expect([0, 1, 2, 3].map((at) => row(batch.embodiment, at))).toEqual([
      { cells: [2], real: [1] },
      { cells: [-1], real: [0] },
      { cells: [-1], real: [0] },
      { cells: [-1], real: [0] },
    ]);
  });

  it("keeps every fact apart from the others", () => {
    const { facts } = batch;
    expect(Object.fromEntries(factNames.map((name) => [name, bits(facts[name])]))).toEqual({
      stepReal: "100000000000",
      dofReal: "0101000000000000",
      stateReal: "001000000000",
      targetReal: "1000",
      historyReal: "01000000",
      historyKept: "1000",
      viewReal: "1010000000000000",
      tokenReal: "110000000000",
      responseReal: "110000000000",
      metadataReal: "110000000000",
      subgoalReal: "01000000",
      actionTokenReal: "10000000",
      rowReal: "1000",
    });
  });

  it("changes one fact, and the cells that hang on it, when one thing about a sample changes", () => {
    const changed = (example: Example) => {
      const other = collate(layout, [example]);
      return factNames.filter((name) => bits(other.facts[name]) !== bits(collate(layout, [withHistory]).facts[name]));
    };
    expect(changed({ ...withHistory, targetReal: false })).toEqual(["targetReal"]);
    expect(changed({ ...withHistory, historyKept: false })).toEqual(["historyKept"]);
    expect(changed({ ...withHistory, tokens: Int32Array.of(1) })).toEqual(["tokenReal"]);
    expect(changed({ ...withHistory, response: Int32Array.of() })).toEqual(["responseReal"]);
    expect(changed({ ...withHistory, actionTokens: Int32Array.of(7, 8) })).toEqual(["actionTokenReal"]);
    expect(changed({ ...withHistory, metadata: new Int32Array() })).toEqual(["metadataReal"]);
    expect(changed({ ...withHistory, subgoals: [] })).toEqual(["subgoalReal"]);
    expect(changed({ ...withHistory, subgoals: [dot(1), null] })).toEqual(["subgoalReal"]);
    expect(changed(small)).toEqual(["historyReal"]);
  });

  it("has no real action where a sample has no robot target, though its steps and dofs exist", () => {
    const robotless = collate(layout, [{ ...small, targetReal: false }]);
    expect(row(robotless.actions, 0)).toEqual({ cells: Array(12).fill(0), real: Array(12).fill(0) });
    expect(bits(robotless.facts.stepReal)).toBe(bits(batch.facts.stepReal));
    expect(row(batch.actionTokens, 0)).toEqual({ cells: [7, 0], real: [1, 0] });
    expect(row(robotless.actionTokens, 0)).toEqual({ cells: [0, 0], real: [0, 0] });
  });

  it("has no token of a response where a sample has none", () => {
    const without = collate(layout, [small, { ...small, response: new Int32Array() }]);
    expect(row(without.response, 0)).toEqual({ cells: [5, 6, 0], real: [1, 1, 0] });
    expect(row(without.response, 1)).toEqual({ cells: [0, 0, 0], real: [0, 0, 0] });
  });

  it("keeps now real when history was dropped (OpenTau 365, 468), and does not fold that into what existed", () => {
    const dropped = collate(layout, [{ ...withHistory, historyKept: false }]);
    expect(row(dropped.state, 0)).toEqual({ cells: [0, 0, 0, 0, 0, 8], real: [0, 0, 0, 0, 0, 1] });
    expect(row(dropped.images, 0)).toEqual({ cells: [0, 0, 0, 0, 0, 0, 9, 9, 9, 0, 0, 0], real: [0, 0, 1, 0] });
    expect(bits(dropped.facts.historyReal)).toBe("11000000");
    const before = bits(dropped.facts.historyReal);
    expect(bits(readableSlots(onHost, dropped.facts))).toBe("01000000");
    expect(bits(dropped.facts.historyReal)).toBe(before);
  });

  it("marks filler rows as nothing at all", () => {
    expect([...batch.provenance.frame]).toEqual([6, -1, -1, -1]);
    expect([...batch.provenance.draw]).toEqual([3, -1, -1, -1]);
    expect(sampleCount(batch)).toBe(1);
    for (const part of [batch.actions, batch.state, batch.images, batch.prompt] as const)
      expect(new Set(part.read((values, valid) => [...values.cells.slice(-3), ...valid.bits.slice(-2)]))).toEqual(
        new Set([0]),
      );
  });

  it("makes no difference to a sample by room around it: wider, longer, more views, history, tokens and rows", () => {
    const roomy = collate(
      {
        rows: 6,
        steps: 5,
        actionWidth: 9,
        stateWidth: 4,
        views: 3,
        observations: 4,
        tokens: 8,
        responseTokens: 6,
        actionTokens: 5,
        metadataTokens: 4,
        subgoals: 3,
        pictureSize: 1,
      },
      [small],
    );
    const real = (padded: { encode(): EncodedPadded }) => {
      const { cells, valid } = padded.encode();
      const share = cells.length / valid.bits.length;
      return Array.from(cells, Number).filter((_, at) => valid.bits[Math.floor(at / share)] === 1);
    };
    expect(real(roomy.actions)).toEqual(real(batch.actions));
    expect(real(roomy.state)).toEqual(real(batch.state));
    expect(real(roomy.images)).toEqual(real(batch.images));
    expect(real(roomy.prompt)).toEqual(real(batch.prompt));
    expect(real(roomy.response)).toEqual([5, 6]);
    expect(real(roomy.actionTokens)).toEqual([7]);
    expect(real(roomy.metadata)).toEqual([30, 31]);
    expect(real(roomy.subgoals)).toEqual([8, 8, 8]);
    expect(bits(roomy.facts.historyReal).slice(0, 4)).toBe("0001");
  });

  it("gives a row the same cells wherever it stands and whoever stands beside it", () => {
    const other = { ...withHistory, dofSlots: [0, 2] };
    const [first, last] = [collate(layout, [small, other]), collate(layout, [other, other, small])];
    for (const part of ["actions", "state", "prompt", "images"] as const)
      expect(row(last[part], 2)).toEqual(row(first[part], 0));
  });

  it("has room for a robot without dofs or states where the policy has none", () => {
    const bare: Example = {
      ...small,
      actions: Padded.of(new HostArray("t d", [2, 0], "float32", new Float32Array(0)), small.stepReal),
      dofSlots: [],
      state: Padded.of(new HostArray("o s", [2, 0], "float32", new Float32Array(0)), small.state.valid),
      stateSlots: [],
    };
    const { actions, state } = collate({ ...layout, actionWidth: 0, stateWidth: 0 }, [bare]);
    expect([actions, state].map((field) => field.read(({ shape }) => shape))).toEqual([
      [4, 3, 0],
      [4, 2, 0],
    ]);
  });

  it("refuses a robot wider than the policy, naming it and both sizes, with everything else that does not fit", () => {
    const wide = { ...small, dofSlots: [4, 1], stateSlots: [3], tokens: Int32Array.of(1, 2, 3, 4) };
    const refused = () => collate(layout, [wide]);
    const room = "for which the policy has room";
    expect(refused).toThrow(
      `dataset "toy" episode 5 frame 6: expected at most 4 action slots, ${room}, got 5; raise policy.actionWidth`,
    );
    expect(refused).toThrow(`expected at most 3 state slots, ${room}, got 4; raise policy.stateWidth`);
    expect(refused).toThrow(`expected at most 3 tokens, ${room}, got 4; raise policy.promptTokens`);
    const talkative = { ...small, actionTokens: new Int32Array(layout.actionTokens + 2) };
    expect(() => collate(layout, [talkative])).toThrow(
      `expected at most ${layout.actionTokens} action tokens, ${room}, got ${layout.actionTokens + 2}; raise policy.actionTokens.most`,
    );
    const { metadataTokens, subgoals, ...untold } = layout;
    expect([metadataTokens, subgoals]).toEqual([3, 2]);
    expect(() => collate(untold, [small])).toThrow("expected at most 0 tokens of metadata");
    expect(() => collate(untold, [small])).toThrow("expected at most 0 pictures of subgoals");
    const huge = zeros("h w c", [2, 2, 3], "uint8");
    expect(() => collate(layout, [{ ...small, subgoals: [huge] }])).toThrow(/pictures 1 pixels square, got \[2 2 3\]/);
    expect(() => collate({ ...layout, rows: 1 }, [small, small])).toThrow(/at most 1 examples, got 2/);
    expect(() => collate({ ...layout, pictureSize: 2 }, [small])).toThrow(/pictures 2 pixels square, got \[1 1 3\]/);
    expect(() => collate(layout, [{ ...small, pictures: [null, null, null, null] }])).toThrow(
      /picture 2 of \[o v\], which is real/,
    );
  });
});

describe("example batches", () => {
  it("have no unreal cell unless asked", () => {
    const { facts, images, state, prompt, actions } = exampleBatch(layout, 1);
    for (const valid of [...Object.values(facts), images.valid, state.valid, prompt.valid, actions.valid])
      expect(bits(valid)).not.toContain("0");
  });

  it("have every kind of padding when ragged, and something real of every kind", () => {
    const { facts, images, state, prompt, actions } = raggedBatch(layout, 1);
    for (const valid of [...Object.values(facts), images.valid, state.valid, prompt.valid, actions.valid]) {
      expect(bits(valid)).toContain("0");
      expect(bits(valid)).toContain("1");
    }
    expect(() => raggedBatch({ ...layout, rows: 3 }, 1)).toThrow(/at least 4 rows/);
  });

  it("are the same for a seed", () => {
    const cells = (seed: number) => row(exampleBatch(layout, seed).actions, 2).cells;
    expect(cells(1)).toEqual(cells(1));
    expect(cells(2)).not.toEqual(cells(1));
  });
});

describe("poison", () => {
  it("lands in every unreal cell and in no real one", () => {
    const clean = raggedBatch(layout, 1);
    const sick = poisoned(clean, unrealCells(clean), { number: () => Number.NaN, pixel: () => 255, token: () => 257 });
    for (const part of ["actions", "state"] as const)
      for (let at = 0; at < layout.rows; at++) {
        const { cells, real } = row(sick[part], at);
        expect(cells.map((cell) => (Number.isNaN(cell) ? 0 : 1))).toEqual(real);
        expect(cells.map((cell) => (Number.isNaN(cell) ? 0 : cell))).toEqual(row(clean[part], at).cells);
      }
    for (let at = 0; at < layout.rows; at++) {
      const { cells, real } = row(sick.images, at);
      expect(cells.every((cell, place) => real[Math.floor(place / 3)] === 1 || cell === 255)).toBe(true);
      expect(
        row(sick.prompt, at).cells.every((cell, place) => row(sick.prompt, at).real[place] === 1 || cell === 257),
      ).toBe(true);
    }
  });
});
