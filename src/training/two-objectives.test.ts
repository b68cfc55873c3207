import { expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { promptFeeds } from "../objective/prompt.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

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

it("a prompt's tokens that nothing real follows have no part in the loss, whatever is said to follow them", async () => {
  const form = testForm(variants.pi0_prompt, "micro", layout, 2);
  const setting: Setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
  const [policy, weights, batch] = [await MicroPolicy.compile(setting), microWeights(setting), raggedBatch(layout, 1)];
  const { feeds } = promptFeeds(batch);
  const [next, teaches] = ["nextToken", "teaches.tokens"].map((name) => Array.from(feeds.get(name)!.cells, Number));
  const withNext = (changed: number) => {
    const cells = Int32Array.from(next!, (token, at) => (teaches![at] === changed ? (token + 1) % 258 : token));
    const tampered = new Map([["nextToken", new HostArray("b n", [4, 8], "int32", cells)]]);
    return policy.outcome(batch, weights, { ...nothing, feeds: tampered });
  };
  try {
    const [own, others, same] = [await policy.outcome(batch, weights, nothing), await withNext(0), await withNext(1)];
    expect([...own.tokens!].map((error) => (error > 0 ? 1 : 0))).toEqual(teaches);
    expect([...others.loss!]).toEqual([...own.loss!]);
    expect([...same.loss!]).not.toEqual([...own.loss!]);
  } finally {
    policy.release();
  }
});
