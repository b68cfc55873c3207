import type { Batch } from "../../src/batch/batch.ts";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { type Poison, poisoned, unrealCells } from "../../src/batch/poison.ts";
import { raggedBatch } from "../../src/batch/testing/example-batch.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { floats, named } from "../../src/graph/testing/evaluate.ts";
import { velocityName } from "../../src/objective/flow.ts";
import { teachesInput, weightsInput } from "../../src/objective/traced.ts";
import type { FlowHeadName } from "../../src/policy/head/form.ts";
import {
  MicroPolicy,
  microSetting,
  microWeights,
  nothing,
  type PolicyOutcome,
  type Tampering,
} from "../../src/training/testing/micro-policy.ts";
import { type Rule, Rules } from "../../src/validity/rules.ts";

export const layout: BatchLayout = {
  rows: 4,
  steps: 4,
  actionWidth: 6,
  stateWidth: 4,
  views: 2,
  observations: 3,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};

/** Every kind of padding. */
export const ragged = raggedBatch(layout, 7);

/** What a trap puts where nothing is real. */
export const junk: Poison = {
  number: (cell) => Math.sin(cell) - 1,
  pixel: (cell) => (7 * cell) % 256,
  token: () => 99,
};
export const notNumbers: Poison = { number: () => Number.NaN, pixel: () => 255, token: () => -7 };

/** A batch with other values in every raw cell that is not real. */
export function sick(batch: Batch, poison: Poison): Batch {
  return poisoned(batch, unrealCells(batch), poison);
}

const compiled = new Map<string, Promise<MicroPolicy>>();

/** Loss, errors, gradients and actions of the micro policy, with one rule switched off or none. */
export async function outcomeOf(
  head: FlowHeadName,
  broken: Rule | null,
  batch: Batch,
  tampering: Tampering = nothing,
): Promise<PolicyOutcome> {
  const rules = broken === null ? Rules.all : Rules.without(broken);
  const setting = microSetting({ head, layout, rules, claw: 0 });
  const key = `${head} ${broken}`;
  const policy = compiled.get(key) ?? MicroPolicy.compile(setting);
  compiled.set(key, policy);
  return await (await policy).outcome(batch, microWeights(setting), tampering);
}

export async function releasePolicies(): Promise<void> {
  for (const policy of await Promise.all(compiled.values())) policy.release();
  compiled.clear();
}

/** Names of what differs in a bit; what has no bits to compare differs as well. */
export function changed(one: PolicyOutcome, other: PolicyOutcome): string[] {
  return Object.keys(one).filter((name) => {
    const [x, y] = [one[name]!, other[name]!];
    return x.length !== y.length || x.some((cell, at) => !Object.is(cell, y[at]));
  });
}

/** Hidden states of tokens that do not exist hold noise. */
export const hidden: Tampering = { ...nothing, hidden: 2 };

/** Noise that the flow starts from: the same in cells that exist, times a size in those that do not. */
export function noiseOf(batch: Batch, size: number): Tampering {
  const { steps, actionWidth, rows } = layout;
  const unreal = unrealCells(batch).actions;
  const noise = Float32Array.from(unreal, (bit, at) => (bit === 1 ? size * Math.cos(5 * at) : Math.sin(3 * at)));
  return { ...nothing, feeds: named({ noise: floats("float32", "b t d", [rows, steps, actionWidth], noise) }) };
}

/** Of each row only the first two steps teach, each cell with the same weight. */
export function taughtInTheFirstTwo(batch: Batch): Tampering {
  const { steps, actionWidth, rows } = layout;
  const { dofReal, targetReal, rowReal } = batch.facts;
  const bits = Uint8Array.from({ length: rows * steps * actionWidth }, (_, at) => {
    const [row, step] = [Math.floor(at / (steps * actionWidth)), Math.floor(at / actionWidth) % steps];
    const exists =
      rowReal.isReal(row) && targetReal.isReal(row) && dofReal.isReal(row * actionWidth + (at % actionWidth));
    return exists && step < 2 ? 1 : 0;
  });
  const supervised = new HostArray("b t d", [rows, steps, actionWidth], "bool", bits);
  const cellWeights = floats("float32", "b d", [rows, actionWidth], new Float32Array(rows * actionWidth).fill(0.1));
  return {
    ...nothing,
    feeds: named({ [teachesInput(velocityName)]: supervised, [weightsInput(velocityName)]: cellWeights }),
  };
}
