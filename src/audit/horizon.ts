import { type Batch, withFacts } from "../batch/batch.ts";
import { zeros } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { repeatsLastAction } from "../policy/head/form.ts";
import { Validity } from "../validity/validity.ts";
import type { GlobalBatch, GlobalBatchPart } from "./global-batch.ts";
import { asTheyAre, type Variation } from "./law.ts";

/**
 * The law of the horizon: other steps exist behind the first ones of each sample, and what those compute stays equal to the bit.
 *
 * A robot that acts does not know where its episode will end: to it every step exists.
 *
 * @returns the batch of which only the first steps of each sample teach and are compared, and what must not change it
 */
export function horizonOf(whole: GlobalBatch): { base: GlobalBatch; variations: Variation<GlobalBatch>[] } {
  const parts = whole.parts.map(({ batch }) => ({ batch, teaching: firstSteps(whole, batch) }));
  const behind = (name: string, change: (part: (typeof parts)[number]) => Batch): Variation<GlobalBatch> => ({
    law: "horizon",
    kinds: ["action-steps"],
    name,
    inputs: [
      withParts(
        whole,
        parts.map((part) => ({ ...part, batch: change(part) })),
      ),
    ],
    back: asTheyAre,
    promise: () => "bits",
  });
  return {
    base: withParts(whole, parts),
    variations: [
      behind("no step exists behind the first ones", ({ teaching }) => teaching),
      behind("every step exists, as to a robot that acts", ({ batch }) => wholeHorizon(batch)),
    ],
  };
}

function withParts(whole: GlobalBatch, parts: readonly Pick<GlobalBatchPart, "batch" | "teaching">[]): GlobalBatch {
  // A robot that asks for actions has all of its steps whatever the batch says: nothing changes there.
  return { ...whole, through: ["training", "validation"], parts: parts.map((part) => ({ ...part, noise: null })) };
}

/** A batch of which the first half of each sample's steps exists, with what training would put behind them. */
function firstSteps({ plan }: GlobalBatch, batch: Batch): Batch {
  const repeats = repeatsLastAction(plan.recipe.conventions.pastEnd);
  const [rows = 0, steps = 0] = batch.facts.stepReal.shape;
  const last = Array.from({ length: rows }, (_, row) => {
    const own = batch.facts.stepReal.bits.subarray(row * steps, (row + 1) * steps);
    return Math.ceil(own.reduce((sum, bit) => sum + bit, 0) / 2) - 1;
  });
  return withSteps(batch, {
    exists: (row, step) => step <= last[row]!,
    from: (row, step) => (repeats ? Math.min(step, last[row]!) : step),
  });
}

/** A batch in which every step of every sample exists: numbers stand where the episode was over. */
function wholeHorizon(batch: Batch): Batch {
  const { stepReal, dofReal, rowReal } = batch.facts;
  const random = stream(0, "audit", "steps past the end");
  const isReal = (row: number, step: number) => stepReal.isReal(row * stepReal.shape[1]! + step);
  const filled = batch.actions.changed((values, valid) => {
    const out = zeros("b t d", values.shape, "float32");
    const [, steps = 0, width = 0] = values.shape;
    for (let at = 0; at < out.cells.length; at++) {
      const [row, step] = [Math.floor(at / (steps * width)), Math.floor(at / width) % steps];
      const isNew = !isReal(row, step) && dofReal.isReal(row * width + (at % width));
      out.cells[at] = isNew ? random.normal(at, 0, 0, 0) : values.cells[at]!;
    }
    return [out, valid];
  });
  return withSteps({ ...batch, actions: filled }, { exists: (row) => rowReal.isReal(row), from: (_, step) => step });
}

interface Steps {
  readonly exists: (row: number, step: number) => boolean;
  /** The step whose actions stand at a step. */
  readonly from: (row: number, step: number) => number;
}

function withSteps(batch: Batch, { exists, from }: Steps): Batch {
  const { facts } = batch;
  const [rows = 0, steps = 0] = facts.stepReal.shape;
  const bits = Uint8Array.from({ length: rows * steps }, (_, at) =>
    exists(Math.floor(at / steps), at % steps) ? 1 : 0,
  );
  const actions = batch.actions.changed((values, valid) => {
    const width = values.shape[2]!;
    const out = zeros("b t d", values.shape, "float32");
    for (let at = 0; at < rows * steps; at++) {
      const row = Math.floor(at / steps);
      const source = row * steps + Math.max(0, from(row, at % steps));
      out.cells.set(values.cells.subarray(source * width, (source + 1) * width), at * width);
    }
    return [out, valid];
  });
  return withFacts({ ...batch, actions }, { ...facts, stepReal: Validity.of("b t", [rows, steps], bits) });
}
