import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { withFact } from "../batch/testing/with-fact.ts";
import { type UnrealInput, unrealInputs } from "../flow/path.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { type PastEnd, pastEnds } from "../policy/head/form.ts";
import { Rules } from "../validity/rules.ts";
import { type MicroBatch, microBatchOf, sampleErrors, wholeCounts } from "./micro-batch.ts";
import { promptFeeds } from "./prompt.ts";
import { responseFeeds } from "./response.ts";
import type { TargetOptions } from "./target.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 4,
  actionWidth: 8,
  stateWidth: 8,
  views: 1,
  observations: 1,
  tokens: 8,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};

function targetOf(unrealInput: UnrealInput, pastEnd: PastEnd): TargetOptions {
  return {
    seed: 1,
    purpose: "training",
    supervision: "allReal",
    pastEnd,
    objectives: [
      {
        kind: "flow",
        unrealInput,
        timeDirection: "noise-at-one",
        embedding: { kind: "continuous", width: 4 },
        stateDropout: 0,
        maxDelay: 0,
      },
      { kind: "prompt" },
    ],
    datasets: ["example"],
    moves: () => true,
    rules: Rules.all,
  };
}

function microBatch(unrealInput: UnrealInput, pastEnd: PastEnd = "hidden"): MicroBatch {
  return microBatchOf(raggedBatch(layout, 1), targetOf(unrealInput, pastEnd), 0);
}

it.each(unrealInputs)(
  "a filler row stands at no time and has no noise, whatever cells that do not exist hold: %s",
  (unrealInput) => {
    const { feeds } = microBatch(unrealInput);
    expect([...feeds.get("rowReal")!.cells].map(Number)).toEqual([1, 1, 1, 0]);
    for (const name of ["time", "noise"]) {
      const cells = Array.from(feeds.get(name)!.cells, Number);
      const row = (at: number) => cells.slice((at * cells.length) / 4, ((at + 1) * cells.length) / 4);
      expect(row(0).some((cell) => cell !== 0)).toBe(true);
      expect(row(3).every((cell) => cell === 0)).toBe(true);
    }
  },
);

it("a policy that always knows the state is told of no sample that it does not", () => {
  const { feeds } = microBatch("zero");
  expect([...feeds.keys()].filter((name) => name === "stateKept")).toEqual([]);
});

describe.each(["training", "validation"] as const)("in %s", (purpose) => {
  const target = { ...targetOf("zero", "hidden"), purpose };
  const batch = raggedBatch(layout, 1);
  const feedsOf = (draw: "as drawn" | number, of = batch) => microBatchOf(of, target, draw).feeds;

  it("every draw of a sample has noise and a time of its own: none is the one before again", () => {
    const draws = [0, 1, 2].map((draw) => feedsOf(draw));
    const times = draws.map((feeds) => [...feeds.get("time")!.cells].filter((_, at) => at % layout.steps === 0));
    // Three samples, and a filler row that stands at no time.
    expect(new Set(times.flatMap((own) => own.slice(0, 3))).size).toBe(9);
    const noises = draws.map((feeds) => Array.from(feeds.get("noise")!.cells, Number).filter((cell) => cell !== 0));
    expect(noises[0]!.length).toBeGreaterThan(20);
    expect(new Set(noises.flat()).size).toBe(3 * noises[0]!.length);
  });

  it("a sample that was drawn before has the noise and the time of its next draw, the others theirs", () => {
    const draw = batch.provenance.draw.map((own, row) => (row === 1 ? own + 2 : own));
    const again = feedsOf("as drawn", { ...batch, provenance: { ...batch.provenance, draw } });
    for (const name of ["time", "noise"]) {
      const rows = (feeds: typeof again) => {
        const cells = Array.from(feeds.get(name)!.cells, Number);
        return [0, 1, 2].map((row) => cells.slice((row * cells.length) / 4, ((row + 1) * cells.length) / 4));
      };
      const [first, third] = [rows(feedsOf(0)), rows(feedsOf(2))];
      expectSameBits(name, rows(again), [first[0], third[1], first[2]]);
      expectOtherBits(name, first[1], third[1]);
    }
  });
});

it("counts are those of all micro-batches of a step together", () => {
  const term = { name: "velocity", errors: "velocity", slots: [0, 1], reduction: "samples", weight: 1 } as const;
  const micro = microBatch("zero");
  const [one] = wholeCounts([micro], [term]);
  const [three] = wholeCounts([micro, micro, micro], [term]);
  expect(one!.cells).toBeGreaterThan(0);
  expect(three).toEqual({ cells: 3 * one!.cells, samples: 3 * one!.samples, padded: 3 * one!.padded });
});

it("the error of a sample is over the cells that teach it: those of its own, and no other", () => {
  const micro = microBatch("zero");
  const { bySlot } = micro.counts.get("velocity")!;
  const taught = new HostArray(
    "b d",
    bySlot.shape,
    "float32",
    Float32Array.from(bySlot.cells, (count) => 2 * count),
  );
  const whole = {
    name: "velocity",
    errors: "velocity",
    slots: [...Array(8).keys()],
    reduction: "samples",
    weight: 1,
  } as const;
  const means = sampleErrors(micro, [whole], new Map([["velocity", taught]])).map(({ terms: [mean] }) => mean!);
  // The second sample has no robot target, and the last row is no sample.
  expect(means.map(({ value }) => value)).toEqual([2, null, 2]);
});

it("the error of a sample in a term is over the slots of the term, as a sum and a count", () => {
  const micro = microBatch("zero");
  const { shape } = micro.counts.get("velocity")!.bySlot;
  // Cell by cell 1, 2, 3, …: slots 1 and 3 of the first row, which teach at some of its steps, are 2 and 4.
  const errors = new Map([
    [
      "velocity",
      new HostArray(
        "b d",
        shape,
        "float32",
        Float32Array.from({ length: 32 }, (_, at) => at + 1),
      ),
    ],
  ]);
  const term = { name: "two", errors: "velocity", slots: [1, 3], reduction: "samples", weight: 1 } as const;
  const [first] = sampleErrors(micro, [term], errors);
  const { cells } = micro.counts.get("velocity")!.bySlot;
  expect(first!.terms[0]).toMatchObject({ sum: 2 + 4, count: cells[1]! + cells[3]! });
});

it("steps past the end teach where weights were taught a copy of the last action, and nowhere else", () => {
  const { stepReal, dofReal } = raggedBatch(layout, 1).facts;
  // The third sample: its window reaches past the end of its episode.
  const steps = [8, 9, 10, 11].filter((step) => stepReal.isReal(step)).length;
  expect(steps).toBeLessThan(layout.steps);
  const cell = [...Array(layout.actionWidth).keys()]
    .map((slot) => 2 * layout.actionWidth + slot)
    .find((at) => dofReal.isReal(at))!;
  const counts = pastEnds.map((pastEnd) => {
    return [pastEnd, microBatch("zero", pastEnd).counts.get("velocity")!.bySlot.cells[cell]];
  });
  expect(counts).toEqual(pastEnds.map((pastEnd) => [pastEnd, pastEnd === "taught" ? layout.steps : steps]));
});

it("what a prompt teaches are the tokens that follow one that exists, and exist themselves", () => {
  const { feeds, counts } = microBatch("zero");
  const batch = raggedBatch(layout, 1);
  const prompt = batch.prompt.read(({ cells }) => [...cells]);
  // The first sample has half a prompt, four tokens; the second and third have eight; the last row is no sample.
  expect([...counts.get("tokens")!.bySlot.cells]).toEqual([3, 7, 7, 0]);
  expect([...feeds.get("teaches.tokens")!.cells].slice(0, 8)).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
  expect([...feeds.get("nextToken")!.cells].slice(0, 8)).toEqual([...prompt.slice(1, 4), 0, 0, 0, 0, 0]);
});

it("no token teaches from one that does not exist, wherever in the prompt that stands", () => {
  const holes = withFact(raggedBatch(layout, 1), "tokenReal", (at) => (at === 0 || at === 4 ? 0 : 1));
  const { feeds } = promptFeeds(holes);
  expect([...feeds.get("teaches.tokens")!.cells].slice(0, 8).map(Number)).toEqual([0, 1, 1, 0, 0, 1, 1, 0]);
});

it("nor wherever in the response, of which the first token is given", () => {
  const holes = withFact(raggedBatch({ ...layout, responseTokens: 8 }, 1), "responseReal", (at) =>
    at === 1 || at === 5 ? 0 : 1,
  );
  const { feeds } = responseFeeds(holes, 1);
  // Behind 1, 5 and 7 none teaches, nor behind 0 and 4, which 1 and 5 would follow.
  expect([...feeds.get("teaches.response")!.cells].slice(0, 8).map(Number)).toEqual([0, 0, 1, 1, 0, 0, 1, 0]);
});

it("cells of a sample that do not exist hold noise where weights were trained with it, else 0; real ones are the same", () => {
  const [zero, noise] = unrealInputs.map((unrealInput) => {
    return Array.from(microBatch(unrealInput).feeds.get("noise")!.cells, Number);
  });
  const { dofReal } = raggedBatch(layout, 1).facts;
  const [steps, width] = [layout.steps, layout.actionWidth];
  const isReal = (cell: number) => dofReal.isReal(Math.floor(cell / (steps * width)) * width + (cell % width));
  const samples = [...Array(3 * steps * width).keys()];
  const [real, unreal] = [samples.filter(isReal), samples.filter((cell) => !isReal(cell))];
  expect(unreal.length).toBeGreaterThan(0);
  expect(unreal.filter((cell) => zero![cell] !== 0 || noise![cell] === 0)).toEqual([]);
  expect(real.map((cell) => noise![cell])).toEqual(real.map((cell) => zero![cell]));
});
