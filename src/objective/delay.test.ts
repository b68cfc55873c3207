import { expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { exampleBatch, raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { Program } from "../graph/program.ts";
import { runProgram } from "../graph/testing/evaluate.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { type VariantName, variantOf } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import type { SupervisionRule } from "../validity/supervised.ts";
import { askedSteps } from "./delay.ts";
import { flowInputs, velocityName } from "./flow.ts";
import { microBatchOf } from "./micro-batch.ts";
import { errorOutputs, traceObjectives } from "./objective.ts";
import { onlyInputs } from "./only-inputs.ts";
import { Draws, type TargetOptions } from "./target.ts";
import { objectiveTargets } from "./terms.ts";
import type { Setting } from "./traced.ts";

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
const batch = exampleBatch(layout, 1);
const maxDelay = 3;

function settingOf(variant: VariantName, delay: number): Setting {
  const form = policyForm(variantOf({ variant, maxDelay: delay }), "micro", {
    vocabulary: 300,
    parts: [{ name: "action", slots: [...Array(layout.actionWidth).keys()] }],
    embodiments: 2,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

function optionsFor({ form }: Setting, supervision: SupervisionRule): TargetOptions {
  return {
    seed: 5,
    purpose: "training",
    supervision,
    pastEnd: supervision === "asReleasedPi" ? "taught" : "hidden",
    objectives: objectiveTargets(form, { unrealInput: "zero", given: 0 }),
    datasets: ["example"],
    moves: () => true,
    rules: Rules.all,
  };
}

const options = optionsFor(settingOf("pi0", maxDelay), "allReal");
/** How many steps of each row are given at a draw. */
const delaysOf = (whole: Pick<Batch, "facts" | "provenance"> & Batch, draw: number) => {
  const asked = askedSteps(whole, new Draws(whole, options, draw), maxDelay).toArray().cells;
  return Array.from({ length: layout.rows }, (_, row) => {
    const own = [...asked.subarray(row * layout.steps, (row + 1) * layout.steps)];
    expect(own).toEqual(own.toSorted());
    return own.filter((bit) => bit === 0).length;
  });
};

it("from none to maxDelay first steps are given, each as often", () => {
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < 400; draw++) counts[delaysOf(batch, draw)[0]!]!++;
  // A quarter of 400 deviates by 8.7; four times that is 35.
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(35);
});

it("how many are given does not follow from how soon the episode ends", () => {
  const ragged = raggedBatch(layout, 1);
  const complete = { ...ragged, facts: { ...ragged.facts, stepReal: batch.facts.stepReal } };
  expect(ragged.facts.stepReal.count).toBeLessThan(complete.facts.stepReal.count);
  const found = Array.from({ length: 20 }, (_, draw) => delaysOf(ragged, draw));
  expect(found).toEqual(found.map((_, draw) => delaysOf(complete, draw)));
  expect(new Set(found.flat()).size).toBe(maxDelay + 1);
});

it("a filler row, which nobody recorded, is given no step", () => {
  const ragged = raggedBatch(layout, 1);
  const rows = Array.from({ length: layout.rows }, (_, row) => row).filter((row) => !ragged.facts.rowReal.isReal(row));
  expect(rows).toEqual([3]);
  for (let draw = 0; draw < 20; draw++) expect(delaysOf(ragged, draw)[3]).toBe(0);
});

it.each(["pi0", "groot_n16"] as const)(
  "steps that are given stand at the time of data and teach nothing: %s",
  (name) => {
    const rules = name === "pi0" ? (["allReal", "asReleasedPi"] as const) : (["allReal"] as const);
    for (const rule of rules) {
      const [with_, without] = [maxDelay, 0].map((delay) =>
        microBatchOf(batch, optionsFor(settingOf(name, delay), rule), 2),
      );
      const given = delaysOf(batch, 2);
      expect(given.some((delay) => delay > 0)).toBe(true);
      const times = with_!.feeds.get(flowInputs.time)!.cells;
      const plain = without!.feeds.get(flowInputs.time)!.cells;
      for (let at = 0; at < times.length; at++) {
        const isGiven = at % layout.steps < given[Math.floor(at / layout.steps)]!;
        expect(times[at]).toBe(isGiven ? (name === "pi0" ? 0 : 1) : plain[at]);
      }
      const counts = with_!.counts.get(velocityName)!.bySlot.cells;
      const all = without!.counts.get(velocityName)!.bySlot.cells;
      for (let at = 0; at < counts.length; at++)
        if (all[at]! === layout.steps)
          expect(counts[at]).toBe(layout.steps - given[Math.floor(at / layout.actionWidth)]!);
    }
  },
);

it.each(["pi0", "pi05", "groot_n16"] as const)(
  "noise of steps that are given moves no error, and each step follows its own time: %s",
  async (name) => {
    const setting = settingOf(name, maxDelay);
    const objectives = traceObjectives(setting);
    const program = await Program.compile(errorOutputs(objectives), { device: "cpu", threads: 1, fixed: new Map() });
    // Norms that follow the time begin by ignoring it.
    const weights = randomWeights(objectives.parameters, 1);
    const { feeds } = microBatchOf(batch, optionsFor(setting, "allReal"), 2);
    const given = delaysOf(batch, 2);
    const errorsWith = async (array: string, change: (value: number, step: number, row: number) => number) => {
      const { axes, shape, cells } = feeds.get(array)!;
      const width = cells.length / (layout.rows * layout.steps);
      const own = Float32Array.from({ length: cells.length }, (_, at) => {
        const step = Math.floor(at / width);
        return change(Number(cells[at]), step % layout.steps, Math.floor(step / layout.steps));
      });
      const all = new Map([...feeds, ...weights, [array, new HostArray(axes, shape, "float32", own)] as const]);
      return (await runProgram(program, onlyInputs(program, all)))[`errors.${velocityName}`]!;
    };
    const plain = await errorsWith(flowInputs.noise, (value) => value);
    const noisier = await errorsWith(flowInputs.noise, (value, step, row) => (step < given[row]! ? 7 : value));
    expect([...noisier]).toEqual([...plain]);
    const isOwn = (error: number, at: number) => error !== 0 && Math.floor(at / layout.actionWidth) % layout.steps < 4;
    const last = await errorsWith(flowInputs.timeEmbedding, (value, step) => (step === 4 ? -value : value));
    const before = (cells: Float64Array) => [...cells].filter(isOwn);
    expect(before(plain).length).toBeGreaterThan(0);
    // GR00T's state stands at the last step's time, and every step reads it; π0.5's is a text.
    if (name !== "groot_n16") expect(before(last)).toEqual(before(plain));
    expect([...last]).not.toEqual([...plain]);
    program.release();
  },
);
