import { describe, expect, it } from "vitest";
import { exampleBatch, raggedBatch } from "../batch/testing/example-batch.ts";
import { AnswerCodec } from "../codec/answer.ts";
import { unfittedFast } from "../codec/fast.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import { type Arrays, HostArray, zeros } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import type { NoiseKey } from "./action-noise.ts";
import { AnswerRows } from "./answer-rows.ts";
import type { Setting } from "./traced.ts";

const codec = new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast() });
const layout = {
  rows: 4,
  steps: 2,
  actionWidth: 4,
  stateWidth: 1,
  views: 0,
  observations: 1,
  tokens: 2,
  responseTokens: 0,
  actionTokens: 20,
  pictureSize: 16,
};
const form = policyForm(variants.pi0_fast, "micro", {
  vocabulary: 300,
  parts: [],
  embodiments: 1,
  crossAttentionKeys: "real",
  horizon: layout.steps,
  actionSight: "causal",
  pastEnd: "hidden",
});
const setting: Setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
const rows = new AnswerRows({ codec, manner: {} }, setting);

/** A robot whose dofs 0 and 1 are in slots 3 and 1; the last row has none. */
const ownDof = new HostArray(
  "b d",
  [4, 4],
  "int32",
  Int32Array.from([0, 1, 2].flatMap(() => [-1, 1, -1, 0]).concat(-1, -1, -1, -1)),
);
const batch = { ...exampleBatch(layout, 1), ownDof };

function answer(actions: readonly (readonly number[])[]): Int32Array {
  const chunk = new HostArray("t d", [actions.length, 2], "float32", Float32Array.from(actions.flat()));
  return codec.encode(chunk).slice(1);
}

it("a program is given what an answer begins and ends with, by the words of the tokenizer, and each row's dofs", () => {
  const feeds = new Map(rows.feedsOf(batch, []));
  // "|" is the byte 124, and the byte 0 is token 2.
  const marks = ["answerBegin", "answerEnd"].map((name) => feeds.get(name)!);
  expect(marks.map(({ shape, cells }) => [shape, [...cells].map(Number)])).toEqual([
    [[], [1]],
    [[], [126]],
  ]);
  expect(feeds.get("ownDof")).toBe(ownDof);
});

describe("what is left to chance in an answer", () => {
  const key = (episode: number, frame: number) => ({ seed: 3, dataset: "arm", episode, frame, draw: 0 });
  const chances = (most: number, keys: readonly NoiseKey[]) => {
    const own = new AnswerRows({ codec, manner: {} }, { ...setting, layout: { ...layout, actionTokens: most } });
    const { shape, cells } = new Map(own.feedsOf(batch, keys)).get("answerChances")!;
    const [count = 0, length = 0] = shape;
    return Array.from({ length: count }, (_, row) => [...cells.subarray(row * length, (row + 1) * length)].map(Number));
  };

  it("is keyed by the sample and by the place of each token: neither other rows nor more room change it", () => {
    const [one, two, none] = chances(20, [key(1, 5), key(1, 6)]);
    expect(one!.length).toBe(19);
    expect(chances(25, [key(1, 6), key(1, 5)]).map((row) => row.slice(0, 19))).toEqual([two, one, none, none]);
    expect(none).toEqual(Array(19).fill(0));
    expect(new Set([...one!, ...two!]).size).toBe(38);
    expect(one!.every((chance) => chance >= 0 && chance < 1)).toBe(true);
  });

  it("is a number of a stream of its own", () => {
    const { cells } = new Map(rows.feedsOf(batch, [key(1, 5)])).get("answerChances")!;
    const wanted = Array.from({ length: 19 }, (_, at) => stream(3, "answer token", "arm").uniform(at, 5, 1, 0));
    expect([...cells.subarray(0, 19)].map(Number)).toEqual(wanted.map(Math.fround));
  });
});

it("a prompt in which the answer begins has that token at its end, in every row that is a sample, behind what is there", () => {
  const ragged = raggedBatch({ ...layout, stateWidth: 2 }, 2);
  const own = new AnswerRows({ codec, manner: { begins: "prompt" } }, setting);
  const feeds = new Map(own.feedsOf(ragged, []));
  const [prompt, real] = ["prompt", "tokenReal"].map((name) => feeds.get(name)!);
  expect([prompt!.shape, real!.shape]).toEqual([
    [4, 3],
    [4, 3],
  ]);
  const before = ragged.prompt.read(({ cells }) => [...cells]);
  const bits = [...ragged.facts.tokenReal.bits];
  const rowReal = [...ragged.facts.rowReal.bits];
  expect(rowReal).toEqual([1, 1, 1, 0]);
  expect([...prompt!.cells].map(Number)).toEqual(
    rowReal.flatMap((_, row) => [before[2 * row], before[2 * row + 1], 1]),
  );
  expect([...real!.cells].map(Number)).toEqual(
    rowReal.flatMap((isReal, row) => [bits[2 * row], bits[2 * row + 1], isReal]),
  );
  expect(new Map(rows.feedsOf(ragged, [])).has("prompt")).toBe(false);
});

it("without the dofs of each row nothing is read", () => {
  expect(() => rows.actionsOf(zeros("b n", [4, 19], "int32"), new Map())).toThrow(
    "answers: expected the dofs of each row, got none",
  );
});

it("what each row says stands in the slots of its robot; where it says no chunk, or a shorter one, there are no numbers", () => {
  const said = zeros("b n", [4, 19], "int32");
  // Steps that are alike have one coefficient, √2 times the value: 2.8284 is 11.3 quarters, −1.4142 is −5.7.
  said.cells.set(
    answer([
      [2, -1],
      [2, -1],
    ]),
  );
  said.cells.set(answer([[0.5, 0.25]]), 19);
  said.cells.set([9, 9, 9], 2 * 19);
  const feeds: Arrays = new Map(rows.feedsOf(batch, []));
  const { cells } = rows.actionsOf(said, feeds);
  const [two, minusOne] = [(11 / 4) * Math.SQRT1_2, (-6 / 4) * Math.SQRT1_2].map(Math.fround);
  const none = Number.NaN;
  expect([...cells].map((cell) => Math.round(cell * 1e5) / 1e5)).toEqual(
    [
      ...[0, minusOne!, 0, two!, 0, minusOne!, 0, two!],
      ...[0, 0.25, 0, 0.5, 0, none, 0, none],
      ...[0, none, 0, none, 0, none, 0, none],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ].map((cell) => Math.round(cell * 1e5) / 1e5),
  );
});

it("what was said behind an end, while other rows went on, is taken away", () => {
  const said = new HostArray("b n", [2, 4], "int32", Int32Array.of(5, codec.end, 6, codec.end, 7, 8, 9, 10));
  expect([...rows.endedEach(said).cells]).toEqual([5, codec.end, 0, 0, 7, 8, 9, 10]);
});
