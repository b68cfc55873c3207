import { type Batch, type Provenance, sampleCount } from "../batch/batch.ts";
import { type MicroShape, shapeOfBatch } from "../batch/shape.ts";
import { cells } from "../graph/axes.ts";
import { type Arrays, type HostArray, zeros } from "../graph/host-array.ts";
import {
  addCounts,
  type Counts,
  type CountsByErrors,
  countsOf,
  fillCellWeights,
  type Term,
  type WeightAxes,
  type WeightsByErrors,
  weightsPerRow,
} from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import { Mean } from "../validity/mean.ts";
import type { Rules } from "../validity/rules.ts";
import { actionTokenFeeds } from "./action-tokens.ts";
import { flowFeeds, velocityName } from "./flow.ts";
import { observationFeeds } from "./observation-feeds.ts";
import { promptFeeds } from "./prompt.ts";
import { responseFeeds, responseName } from "./response.ts";
import { Draws, type ObjectiveTarget, type TargetOptions } from "./target.ts";
import { tokensName } from "./token-error.ts";
import { answerFeeds } from "./tokens.ts";
import { type ObjectiveFeeds, weightsInput } from "./traced.ts";

/** A batch with the supervision of one draw, and the noise and times of a flow: all that the programs take but the weights of cells. */
export interface MicroBatch {
  readonly feeds: Arrays;
  readonly counts: CountsByErrors;
  readonly provenance: Provenance;
  /** Which programs it goes through. */
  readonly shape: MicroShape;
  /** Rows that are samples; the rest are fillers. */
  readonly samples: number;
}

/**
 * A micro-batch for a policy's objectives.
 *
 * @param draw which noise and time of a sample: in training the number of times it was drawn before, in validation of several
 */
export function microBatchOf(batch: Batch, options: TargetOptions, draw: "as drawn" | number): MicroBatch {
  const draws = new Draws(batch, options, draw);
  const own = options.objectives.map((objective) => feedsOf(batch, options, objective, draws));
  const feeds: Arrays = new Map([...observationFeeds(batch), ...own.flatMap(([, { feeds }]) => [...feeds])]);
  const counts = new Map(own.map(([name, { counts }]) => [name, counts]));
  return { feeds, counts, provenance: batch.provenance, shape: shapeOfBatch(batch), samples: sampleCount(batch) };
}

function feedsOf(
  batch: Batch,
  options: TargetOptions,
  objective: ObjectiveTarget,
  draws: Draws,
): readonly [errors: string, feeds: ObjectiveFeeds] {
  switch (objective.kind) {
    case "flow":
      return [velocityName, flowFeeds(batch, options, objective, draws)];
    case "prompt":
      return [tokensName, promptFeeds(batch)];
    case "tokens":
      return [tokensName, answerFeeds(batch)];
    case "action tokens":
      return [tokensName, actionTokenFeeds(batch, objective.vocabulary)];
    case "response":
      return [responseName, responseFeeds(batch, objective.given)];
  }
}

/** What the terms of the loss count over a global batch, in the order of the terms. */
export function wholeCounts(micros: readonly MicroBatch[], terms: readonly Term[]): Counts[] {
  return terms.map((term) => addCounts(micros.map(({ counts }) => countsOf(term, counts.get(term.errors)!))));
}

/** What the errors of each cell of a micro-batch weigh in the loss of its global batch, whose counts are given by term. */
export function cellWeightsOf(
  { counts }: MicroBatch,
  terms: readonly Term[],
  whole: readonly Counts[],
  rules: Rules,
): WeightsByErrors {
  const weights = new Map(
    [...counts].map(
      ([
        name,
        {
          bySlot: { axes, shape },
        },
      ]) => [name, zeros(axes, shape, "float32")],
    ),
  );
  for (const [at, term] of terms.entries())
    fillCellWeights(weights.get(term.errors)!, term, counts.get(term.errors)!, { whole: whole[at]!, rules });
  return weights;
}

/** Weights of cells as inputs of the gradient program. */
export function weightFeeds(weights: WeightsByErrors): [string, HostArray<WeightAxes>][] {
  return [...weights].map(([name, array]) => [weightsInput(name), array]);
}

/** Errors of a micro-batch, by name. */
export type ErrorsByName = ReadonlyMap<string, HostArray<string, "float32">>;

/**
 * The share of a micro-batch in the loss of the global batch: `Σ weight · error`.
 *
 * Summed here in float64, in order: a runtime's sum over slots has other last bits where there are more of them.
 *
 * @param weights of each cell
 * @param errors  summed over all that shares a weight
 */
export function lossOf(weights: WeightsByErrors, errors: ErrorsByName): number {
  let sum = 0;
  for (const [name, { cells: own }] of weights) {
    const found = errors.get(name)!.cells;
    for (let at = 0; at < own.length; at++) sum += own[at]! * found[at]!;
  }
  return sum;
}

/**
 * The error of each sample of a micro-batch by term of the loss, filler rows left out.
 *
 * @param errors by cell, or summed over all that shares a weight: 0 where not supervised; summed here in float64, in order
 */
export function sampleErrors(
  { provenance, samples, counts }: MicroBatch,
  terms: readonly Term[],
  errors: ErrorsByName,
): SampleError[] {
  return Array.from({ length: samples }, (_, row) => ({
    dataset: provenance.dataset[row]!,
    controlMode: provenance.controlMode[row]!,
    episode: provenance.episode[row]!,
    terms: terms.map((term) => {
      const { bySlot } = counts.get(term.errors)!;
      const width = weightsPerRow(bySlot);
      const own = new Set(term.slots);
      const isOwn = (cell: number) => own.has(cell % width);
      return new Mean(total(rowOf(errors.get(term.errors)!, row), isOwn), total(rowOf(bySlot, row), isOwn));
    }),
  }));
}

function rowOf({ cells: all, shape }: HostArray<string, "float32" | "float64">, row: number) {
  const share = cells(shape.slice(1));
  return all.subarray(row * share, (row + 1) * share);
}

function total(values: Float32Array | Float64Array, isMeant: (cell: number) => boolean): number {
  let sum = 0;
  for (let cell = 0; cell < values.length; cell++) if (isMeant(cell)) sum += values[cell]!;
  return sum;
}
