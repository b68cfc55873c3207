import { expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { exampleBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { named } from "../graph/testing/evaluate.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 1,
  observations: 1,
  tokens: 4,
  actionTokens: 0,
  pictureSize: 16,
};

const setting: Setting = {
  form: testForm(variants.groot_n17, "micro", layout, 0),
  layout,
  unrealInput: "zero",
  rules: Rules.all,
  hidden: "plain",
  pictures: "uint8",
};

it("a state that is dropped changes neither loss nor gradient, and is read when the robot acts", async () => {
  const policy = await MicroPolicy.compile(setting);
  const weights = microWeights(setting);
  const batch = exampleBatch(layout, 2);
  const state = batch.state.read(
    ({ axes, shape, cells }) =>
      new HostArray(
        axes,
        shape,
        "float32",
        cells.map((x) => -x),
      ),
  );
  const under = (kept: number, changed: boolean) => {
    const mask = new HostArray("b", [4], "bool", Uint8Array.of(kept, kept, kept, kept));
    const feeds = changed ? named({ stateKept: mask, state }) : named({ stateKept: mask });
    return policy.outcome(batch, weights, { ...nothing, feeds });
  };
  const [dropped, other] = [await under(0, false), await under(0, true)];
  for (const name of Object.keys(dropped).filter((name) => name !== "actions"))
    expectSameBits(name, other[name]!, dropped[name]!);
  expect([...dropped["gradient.groot.state.out.weight"]!].every((cell) => cell === 0)).toBe(true);
  expect([...other.actions!]).not.toEqual([...dropped.actions!]);
  expect([...(await under(1, true)).loss!]).not.toEqual([...(await under(1, false)).loss!]);
  policy.release();
});
