import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { Program } from "../graph/program.ts";
import { evaluate, runProgram } from "../graph/testing/evaluate.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { type Variant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { cellWeightsOf, lossOf, type MicroBatch, microBatchOf, weightFeeds, wholeCounts } from "./micro-batch.ts";
import { errorOutputs, filesOf, gradientOutputs, saidAnswer, traceActions, traceObjectives } from "./objective.ts";
import { objectiveTargets, objectiveTerms } from "./terms.ts";
import type { Setting } from "./traced.ts";

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

function settingOf(variant: Variant, actionTokens = 0): Setting {
  const options = { vocabulary: 300, parts: [], embodiments: 1, horizon: layout.steps } as const;
  const rest = { crossAttentionKeys: "real", actionSight: "causal", pastEnd: "hidden" } as const;
  const form = policyForm(variant, "micro", { ...options, ...rest });
  return {
    form,
    layout: { ...layout, actionTokens },
    unrealInput: "zero",
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  };
}

const setting = settingOf(variants.pi0_prompt);
const traced = traceObjectives(setting);
const weights = randomWeights(traced.parameters, 1);
const parts = [{ name: "action", slots: [...Array(layout.actionWidth).keys()] }];
const terms = setting.form.variant.objectives.flatMap((objective) =>
  objectiveTerms(objective, { reduction: "cells", weight: 1, parts, rules: Rules.all }),
);
const micro: MicroBatch = microBatchOf(
  raggedBatch(layout, 1),
  {
    seed: 1,
    purpose: "training",
    supervision: "allReal",
    pastEnd: "hidden",
    objectives: objectiveTargets(setting.form, { unrealInput: "zero", given: 0 }),
    datasets: ["example"],
    moves: () => true,
    rules: Rules.all,
  },
  0,
);
const cellWeights = cellWeightsOf(micro, terms, wholeCounts([micro], terms), Rules.all);
const feeds = new Map([...micro.feeds, ...weightFeeds(cellWeights)]);
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

describe("a policy of two objectives", () => {
  let program: Program;
  beforeAll(async () => {
    const outputs = { ...gradientOutputs(traced, traced.parameters, "nothing"), loss: traced.loss };
    program = await Program.compile(outputs, { device: "cpu", threads: 1, fixed: new Map() });
  });
  afterAll(() => program.release());
  const run = (values: ParameterValues) => runProgram(program, new Map([...feeds, ...values]));

  it("has as loss the mean of both errors over the cells that teach each, added up", async () => {
    const cells = await evaluate(errorOutputs(traced), { feeds, threads: 1, fixed: weights });
    expect(Object.keys(cells).sort()).toEqual(["errors.tokens", "errors.velocity"]);
    const count = (errors: string) => sum(micro.counts.get(errors)!.bySlot.cells);
    const means = ["velocity", "tokens"].map((errors) => sum(cells[`errors.${errors}`]!) / count(errors));
    const found = await run(weights);
    // 1e-5 relative: float32 sums of up to 96 errors.
    expect(found.loss![0]! / (means[0]! + means[1]!)).toBeCloseTo(1, 5);
    const sums = new Map(
      ["velocity", "tokens"].map((name) => {
        const { axes, shape } = cellWeights.get(name)!;
        return [name, new HostArray(axes, shape, "float32", Float32Array.from(found[`errors.${name}`]!))];
      }),
    );
    expect(lossOf(cellWeights, sums) / found.loss![0]!).toBeCloseTo(1, 5);
  });

  it("has a gradient for each parameter that the loss reads: that of the last bias is a difference quotient", async () => {
    const found = await run(weights);
    const gradients = Object.keys(found).filter((name) => name.startsWith("gradient."));
    expect(gradients.sort()).toEqual(traced.parameters.map(({ name }) => `gradient.${name}`).sort());
    const bias = "action.out.bias";
    const lossWith = async (slot: number, by: number) => {
      const { axes, shape, cells } = weights.get(bias)!;
      const moved = cells.map((cell, at) => (at === slot ? cell + by : cell));
      const values = new Map([...weights, [bias, new HostArray(axes, shape, "float32", moved)]]);
      return (await run(values)).loss![0]!;
    };
    for (const slot of [1, 6]) {
      // The loss is a square of the bias, so that a central difference of any width is its slope; 1e-3: float32.
      const slope = ((await lossWith(slot, 1)) - (await lossWith(slot, -1))) / 2;
      expect(Math.abs(slope)).toBeGreaterThan(0.01);
      expect(Math.abs(found[`gradient.${bias}`]![slot]! - slope)).toBeLessThan(1e-3);
    }
  });

  it("acts with fewer parameters than it learns: nobody reads the backbone's last tokens but the prompt's objective", () => {
    const learnt = new Set(traced.parameters.map(({ name }) => name));
    const acting = new Set(traceActions(setting).parameters.map(({ name }) => name));
    expect([...acting].filter((name) => !learnt.has(name))).toEqual([]);
    const onlyLearnt = [...learnt].filter((name) => !acting.has(name));
    expect(onlyLearnt.length).toBeGreaterThan(0);
    expect(onlyLearnt.filter((name) => !name.startsWith("backbone."))).toEqual([]);
  });
});

it("a policy that only says its prompt makes no actions", () => {
  const speaking = settingOf({ ...variants.pi0_prompt, objectives: [{ kind: "prompt" }] });
  expect(() => traceActions(speaking)).toThrow("traceActions: expected an objective that makes actions, got none");
});

describe("a policy that says its actions", () => {
  const saying = settingOf(variants.pi0_fast, 8);

  it("says them by exactly the weights that it learns, and makes none without words", () => {
    const names = (parameters: readonly { readonly name: string }[]) => parameters.map(({ name }) => name).sort();
    const { parameters, answer } = saidAnswer(saying, {});
    expect(answer.shape).toEqual([4, 7]);
    expect(names(parameters)).toEqual(names(traceObjectives(saying).parameters));
    expect(names(parameters)).toContain("scores.weight");
    expect(() => traceActions(saying)).toThrow("traceActions: expected an objective that makes actions, got none");
  });

  it("is asked for no answer where it has none", () => {
    expect(() => saidAnswer(setting, {})).toThrow("saidAnswer: expected an objective that says actions, got none");
  });
});

it("each objective knows the files in which its arrays and its actions are made, and they are there", () => {
  const [flow, prompt] = variants.pi0_prompt.objectives.map(filesOf);
  expect(flow!.arrays).toMatchObject({ noise: "flow/noise.ts", "flow.velocity": "flow/path.ts" });
  expect(flow!.actions).toBe("flow/integrate.ts");
  expect(prompt!.arrays).toMatchObject({ nextToken: "objective/token-error.ts" });
  expect(prompt!.actions).toBeNull();
  const tokens = filesOf(variants.pi0_fast.objectives[0]);
  expect(tokens.arrays).toMatchObject({ nextActionToken: "objective/token-error.ts", answer: "policy/answer.ts" });
  expect(tokens.actions).toBe("objective/tokens.ts");
  const arrays = [flow!, prompt!, tokens].flatMap((files) => Object.values(files.arrays));
  for (const file of [...arrays, flow!.actions!, tokens.actions!])
    expect(existsSync(new URL(`../${file}`, import.meta.url)), file).toBe(true);
});
