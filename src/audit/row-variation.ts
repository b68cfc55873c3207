import { type Batch, sampleCount } from "../batch/batch.ts";
import type { GlobalBatch, GlobalBatchPart } from "./global-batch.ts";
import { asTheyAre, type Output, type Outputs, type Variation } from "./law.ts";
import { hasRows, rearranged, taken } from "./rearrange.ts";
import { errorPrefixes, outputNames } from "./runner.ts";
import { summedInAnotherOrder } from "./sum-closeness.ts";

type BatchVariation = Variation<GlobalBatch>;

/** The samples of one micro-batch dealt to two of half as many rows: they go through other kernels, and add up to the same. */
export function halves(whole: GlobalBatch): BatchVariation {
  const rows = Math.ceil(whole.rows / 2);
  const { batch } = onlyPart(whole);
  const samples = ascending(sampleCount(batch));
  const dealt = [samples.slice(0, rows), samples.slice(rows)].filter((own) => own.length > 0);
  const places = ascending(whole.rows).map((row) => (row < dealt.length * rows ? row : -1));
  return {
    law: "split",
    kinds: [],
    name: "two micro-batches instead of one",
    inputs: [
      {
        ...whole,
        rows,
        parts: dealt.map((own) => ({ batch: onlyRows(batch, own, rows), noise: null, teaching: null })),
      },
    ],
    back: (outputs) => rowsOf(asTheyAre(outputs), places),
    promise: summedInAnotherOrder(),
  };
}

/** Micro-batches dealt to two ranks: sums over ranks have the bits of one process. */
export function twoRanks(whole: GlobalBatch): BatchVariation {
  return {
    law: "split",
    kinds: [],
    name: "two ranks instead of one",
    inputs: [{ ...whole, ranks: 2 }],
    back: asTheyAre,
    promise: () => "bits",
  };
}

/** The samples of one micro-batch in the opposite order. */
export function reversed(whole: GlobalBatch): BatchVariation {
  const { rows } = whole;
  const { batch } = onlyPart(whole);
  const count = sampleCount(batch);
  const order = ascending(rows).map((row) => (row < count ? count - 1 - row : row));
  return {
    law: "order",
    kinds: [],
    name: "samples in the opposite order",
    inputs: [{ ...whole, parts: [{ batch: onlyRows(batch, order, rows), noise: null, teaching: null }] }],
    back: (outputs) => rowsOf(asTheyAre(outputs), order),
    promise: rowsToTheBit(),
  };
}

/** Each sample of one micro-batch alone, in the first row, with filler rows behind it. */
export function alone(whole: GlobalBatch): BatchVariation {
  const { rows } = whole;
  const { batch } = onlyPart(whole);
  return {
    law: "order",
    kinds: [],
    name: "each sample alone",
    inputs: ascending(sampleCount(batch)).map((row) => ({
      ...whole,
      through: ["validation", "sampling"],
      parts: [{ batch: onlyRows(batch, [row], rows), noise: null, teaching: null }],
    })),
    back: (outputs) => firstRowOfEach(outputs, rows),
    promise: (output) =>
      output === outputNames.actions || output.startsWith(errorPrefixes.validated) ? "bits" : "nothing",
  };
}

function onlyPart({ parts }: GlobalBatch): GlobalBatchPart {
  const [only, ...more] = parts;
  if (only === undefined || more.length > 0)
    throw new RangeError(`audit: expected one micro-batch, got ${parts.length}`);
  return only;
}

/** A batch of some of the rows, in this order, and fillers. */
function onlyRows(batch: Batch, chosen: readonly number[], rows: number): Batch {
  return rearranged(batch, { b: ascending(rows).map((row) => chosen[row] ?? -1) });
}

/** Outputs whose rows come from elsewhere; what is no output by row stays. */
export function rowsOf(outputs: Outputs, places: readonly number[]): Outputs {
  return new Map(
    [...outputs].map(([name, values]) => [name, hasRows(values) ? taken(values, { b: places }, 0) : values]),
  );
}

/** Row 0 of what came out of each input, one after the other; zeros in the rows of fillers. */
function firstRowOfEach(outputs: readonly Outputs[], rows: number): Outputs {
  const [first = new Map<string, Output>()] = outputs;
  return new Map(
    [...first].map(([name, values]) => {
      if (!hasRows(values)) return [name, values];
      const out = taken(values, { b: Array<number>(rows).fill(-1) }, 0);
      const run = out.cells.length / rows;
      for (const [row, output] of outputs.entries()) out.cells.set(output.get(name)!.cells.subarray(0, run), row * run);
      return [name, out];
    }),
  );
}

function isByRow(output: string, expected: Outputs): boolean {
  const values = expected.get(output);
  return values !== undefined && hasRows(values);
}

/** Outputs by row keep their bits, sums over rows do not. */
function rowsToTheBit(): BatchVariation["promise"] {
  const close = summedInAnotherOrder();
  return (output, expected) => (isByRow(output, expected) ? "bits" : close(output, expected));
}

function ascending(count: number): readonly number[] {
  return [...Array(count).keys()];
}
