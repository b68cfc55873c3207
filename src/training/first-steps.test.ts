import { describe, expect, it } from "vitest";
import { exampleBatch } from "../batch/testing/example-batch.ts";
import { zeros } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { evaluate } from "../graph/testing/evaluate.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { forFirstSteps } from "../objective/first-steps.ts";
import { flowInputs } from "../objective/flow.ts";
import { traceActions } from "../objective/objective.ts";
import { observationFeeds } from "../objective/observation-feeds.ts";
import { ActionSampler, type ActionSamplerOptions } from "../objective/sample.ts";
import type { Setting } from "../objective/traced.ts";
import type { ActionSight, FlowHeadName } from "../policy/head/form.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { testForm } from "./testing/micro-policy.ts";

const sizes = { steps: 10, actionWidth: 6, stateWidth: 5, views: 1, observations: 1, tokens: 6 };

interface Choice {
  readonly head: FlowHeadName;
  readonly size: "micro" | "mini";
  readonly rows: number;
}

/** A policy with random weights; GR00T's has a decoder of one slot, and noise stands in slots that no robot has. */
function settingOf({ head, size, rows }: Choice): Setting {
  const variant = head === "flow" ? variants.pi0 : variants.groot_n16;
  const layout = {
    ...sizes,
    rows,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: variant.sizes[size].vision.picture,
  };
  return {
    form: testForm(variant, size, layout, 2),
    layout,
    unrealInput: "noise",
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  };
}

function optionsOf(setting: Setting, threads: number): ActionSamplerOptions {
  const weights = randomWeights(traceActions(setting).parameters, 1);
  return { setting, weights, placement: "written", answers: null, machine: { device: "cpu", threads } };
}

/** Actions of each row, as many steps as the sampler computes. */
async function sampled(options: ActionSamplerOptions): Promise<Float32Array[]> {
  const sampler = await ActionSampler.compile(options);
  try {
    const { layout } = sampler;
    const keys = Array.from({ length: layout.rows }, (_, frame) => {
      return { seed: 1, dataset: "toy", episode: 0, frame, draw: 0 };
    });
    const { cells } = await sampler.sample(exampleBatch(layout, 2), keys);
    const width = layout.steps * layout.actionWidth;
    return keys.map((_, row) => cells.slice(row * width, (row + 1) * width));
  } finally {
    sampler.release();
  }
}

function looking(setting: Setting, actionSight: ActionSight): Setting {
  return { ...setting, form: { ...setting.form, head: { ...setting.form.head, actionSight } } };
}

describe.each(["flow", "groot"] as const)("the first steps of a chunk with the head %s", (head) => {
  it.each([
    { size: "micro", rows: 1, threads: 1 },
    { size: "micro", rows: 3, threads: 2 },
    { size: "mini", rows: 1, threads: 2 },
    { size: "mini", rows: 8, threads: 1 },
    { size: "micro", rows: 40, threads: 2 },
  ] as const)("are, to the bit, those of the whole: $size, rows $rows, threads $threads", async (choice) => {
    const whole = optionsOf(settingOf({ head, ...choice }), choice.threads);
    const expected = await sampled(whole);
    for (const [needed, computed] of [
      [1, 4],
      [4, 4],
      [5, 8],
      [9, 10],
    ] as const) {
      const options = forFirstSteps(whole, needed);
      expect(options.setting.layout.steps).toBe(computed);
      for (const [row, found] of (await sampled(options)).entries()) {
        expect(found).toHaveLength(computed * sizes.actionWidth);
        expectSameBits(`row ${row}`, found, expected[row]!.slice(0, found.length));
      }
    }
  });

  it("are so where weights are fed to one thread, and all are computed where they are fed to two", async () => {
    const written = optionsOf(settingOf({ head, size: "mini", rows: 8 }), 1);
    const fed = { ...written, placement: "fed", answers: null } as const;
    const [expected, found] = [await sampled(fed), await sampled(forFirstSteps(fed, 4))];
    for (const [row, cells] of found.entries())
      expectSameBits(`row ${row}`, cells, expected[row]!.slice(0, 4 * sizes.actionWidth));
    for (const machine of [
      { device: "cpu", threads: 2 },
      { device: "cuda", threads: 1 },
    ] as const) {
      const known = { ...fed, machine };
      expect(forFirstSteps(known, 4)).toBe(known);
    }
  });

  it("depend on later ones where steps look both ways: all are computed, and fewer cannot be", async () => {
    const both = looking(settingOf({ head, size: "micro", rows: 2 }), "both");
    const options = optionsOf(both, 1);
    expect(forFirstSteps(options, 4)).toBe(options);
    const unruly = { ...looking(both, "causal"), rules: Rules.without("step-order") };
    expect(forFirstSteps({ ...options, setting: unruly }, 4).setting).toBe(unruly);
    const less = { ...both, layout: { ...both.layout, steps: 4 } };
    expect(() => traceActions(less)).toThrow("actions: expected 10 to 10 steps, got 4");
    expect(await largestMove(both)).toBeGreaterThan(0.01);
    expect(await largestMove(looking(both, "causal"))).toBe(0);
  });
});

/** How far the first steps move when another noise stands in the last one. */
async function largestMove(setting: Setting): Promise<number> {
  const { layout } = setting;
  const { parameters, actions } = traceActions(setting);
  const acted = async (last: number) => {
    const noise = zeros("b t d", [layout.rows, layout.steps, layout.actionWidth], "float32");
    const isLast = (at: number) => Math.floor(at / layout.actionWidth) % layout.steps === layout.steps - 1;
    noise.cells.set(noise.cells.map((_, at) => (isLast(at) ? last : 1)));
    const feeds = new Map([...observationFeeds(exampleBatch(layout, 2)), [flowInputs.noise, noise] as const]);
    const found = await evaluate({ actions }, { feeds, threads: 1, fixed: randomWeights(parameters, 1) });
    return found.actions.filter((_, at) => !isLast(at));
  };
  const [before, after] = [await acted(0), await acted(3)];
  return before.reduce((most, value, at) => Math.max(most, Math.abs(value - after[at]!)), 0);
}

it("more steps than a chunk has are refused", () => {
  const options = optionsOf(settingOf({ head: "flow", size: "micro", rows: 1 }), 1);
  for (const needed of [0, 11, 2.5])
    expect(() => forFirstSteps(options, needed)).toThrow(`forFirstSteps: expected 1 to 10 steps, got ${needed}`);
  const { setting } = options;
  const more = { ...setting, layout: { ...setting.layout, steps: 11 } };
  expect(() => traceActions(more)).toThrow("actions: expected 1 to 10 steps, got 11");
});
