import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { type Arrays, HostArray } from "../graph/host-array.ts";
import { evaluate } from "../graph/testing/evaluate.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { errorOutputs, traceObjectives } from "../objective/objective.ts";
import { observationFeeds } from "../objective/observation-feeds.ts";
import { responseFeeds } from "../objective/response.ts";
import type { Setting } from "../objective/traced.ts";
import { policyForm } from "../policy/policy.ts";
import { variantOf } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { asAsked } from "./action-errors.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 4,
  actionWidth: 6,
  stateWidth: 5,
  views: 1,
  observations: 1,
  tokens: 4,
  responseTokens: 6,
  actionTokens: 0,
  pictureSize: 16,
};
const { objectives, ...row } = variantOf({ variant: "pi05", responseTokens: 6 });
// Of the two objectives the response alone: it needs no noise.
const form = policyForm({ ...row, objectives: objectives.filter(({ kind }) => kind === "response") }, "micro", {
  vocabulary: 300,
  parts: [],
  embodiments: 1,
  crossAttentionKeys: "real",
  horizon: layout.steps,
  actionSight: "causal",
  pastEnd: "hidden",
});
const setting: Setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
/** Rows: three tokens of a response; six; none; a filler. */
const batch = raggedBatch(layout, 3);
const traced = traceObjectives(setting);
const fixed = { threads: 1, fixed: randomWeights(traced.parameters, 1) };
const given = 2;
const feeds: Arrays = new Map([...observationFeeds(batch), ...responseFeeds(batch, given).feeds]);
const none = [0, 0, 0, 0, 0, 0];

const errorsOf = async (own: Arrays) =>
  (await evaluate(errorOutputs(traced), { feeds: own, ...fixed }))["errors.response"]!;
const withTokens = (change: (token: number, at: number) => number): Arrays => {
  const cells = batch.response.read((values) => Int32Array.from(values.cells, change));
  return new Map([...feeds, ["response", new HostArray("b r", [4, 6], "int32", cells)] as const]);
};

describe("a response", () => {
  it("teaches what follows the tokens that stand there anyway, and where a sample has none nowhere", async () => {
    expect([...responseFeeds(batch, given).counts.bySlot.cells]).toEqual([1, 4, 0, 0]);
    expect([...responseFeeds(batch, 1).counts.bySlot.cells]).toEqual([2, 5, 0, 0]);
    const taught = Array.from(await errorsOf(feeds), (cell) => (cell > 0 ? 1 : 0));
    expect(taught).toEqual([...[0, 1, 0, 0, 0, 0], ...[0, 1, 1, 1, 1, 0], ...none, ...none]);
  });

  it("is read where it exists alone, and by nothing that stands before it", async () => {
    const expected = await errorsOf(feeds);
    const isReal = (at: number) => batch.response.valid.isReal(at);
    expect(await errorsOf(withTokens((token, at) => (isReal(at) ? token : 1_000_000)))).toEqual(expected);
    const later = await errorsOf(withTokens((token, at) => token + (at % 6 > 3 ? 1 : 0)));
    expect([...later.subarray(6, 10)]).toEqual([...expected.subarray(6, 10)]);
    expect(later[10]).not.toBe(expected[10]);
  });

  it("is known to no robot that asks for actions", () => {
    expect(asAsked(batch).facts.responseReal.count).toBe(0);
    expect(batch.facts.responseReal.count).toBe(9);
  });
});
