import { describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { exampleBatch, raggedBatch } from "../batch/testing/example-batch.ts";
import { Program } from "../graph/program.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { microBatchOf } from "./micro-batch.ts";
import { errorOutputs, traceObjectives } from "./objective.ts";
import { keptStates } from "./state-dropout.ts";
import { Draws, type TargetOptions } from "./target.ts";
import { objectiveTargets } from "./terms.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 1,
  observations: 1,
  tokens: 4,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};

const form = policyForm(variants.groot_n17, "micro", {
  vocabulary: 300,
  parts: [],
  embodiments: 2,
  crossAttentionKeys: "real",
  horizon: 5,
  actionSight: "causal",
  pastEnd: "hidden",
});

function optionsFor(purpose: TargetOptions["purpose"]): TargetOptions {
  return {
    seed: 5,
    purpose,
    supervision: "allReal",
    pastEnd: "hidden",
    objectives: objectiveTargets(form, { unrealInput: "zero", given: 0 }),
    datasets: ["example"],
    moves: () => true,
    rules: Rules.all,
  };
}

const keptIn = (batch: Batch, purpose: TargetOptions["purpose"], draw: number) =>
  [...microBatchOf(batch, optionsFor(purpose), draw).feeds.get("stateKept")!.cells].map(Number);

describe("a program takes whose states are known", () => {
  it.each([
    ["groot_n17", true],
    ["groot_n16", false],
    ["pi0", false],
  ] as const)("of %s, where some are not: %s", async (name, takes) => {
    const parts = [{ name: "action", slots: [...Array(layout.actionWidth).keys()] }];
    const options = { vocabulary: 300, parts, embodiments: 2, horizon: 5 } as const;
    const rest = { crossAttentionKeys: "real", actionSight: "causal", pastEnd: "hidden" } as const;
    const own = policyForm(variants[name], "micro", { ...options, ...rest });
    const conventions = { unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
    const objectives = traceObjectives({ form: own, layout: { ...layout, pictureSize: 16 }, ...conventions });
    const fixed = randomWeights(objectives.parameters, 1);
    const program = await Program.compile(errorOutputs(objectives), { device: "cpu", threads: 1, fixed });
    expect(program.inputs.some((input) => input.name === "stateKept")).toBe(takes);
    program.release();
  });
});

describe("whose state a policy knows", () => {
  const rows = exampleBatch({ ...layout, rows: 1000, pictureSize: 1 }, 1);

  it("is four samples in five in training, others at another draw, and all in validation", () => {
    const first = keptIn(rows, "training", 0);
    // Of 1,000 samples 800 ± 12.6; four times that.
    expect(Math.abs(first.filter((bit) => bit === 1).length - 800)).toBeLessThan(51);
    expect(keptIn(rows, "training", 0)).toEqual(first);
    expect(keptIn(rows, "training", 1)).not.toEqual(first);
    expect(keptIn(rows, "validation", 0)).toEqual(Array(1000).fill(1));
  });

  it("follows from the sample, not from its row, and is nothing in a filler row", () => {
    const batch = raggedBatch(layout, 1);
    const { provenance } = batch;
    const moved = {
      ...batch,
      provenance: { ...provenance, frame: provenance.frame.map((_, row) => provenance.frame[(row + 1) % 3]!) },
    };
    const kept = (of: Batch) => [...keptStates(of, new Draws(of, optionsFor("training"), 3), 0.5).cells];
    const [one, other] = [kept(batch), kept(moved)];
    expect(other.slice(0, 3)).toEqual([one[1], one[2], one[0]]);
    expect([one[3], other[3]]).toEqual([0, 0]);
  });
});
