import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import { Mean } from "../validity/mean.ts";

/** Where a sample comes from: the provenance that it carries. */
export interface Provenance {
  readonly dataset: number;
  readonly controlMode: number;
}

/** The error of one sample over its supervised cells, by term of the loss. */
export interface SampleError extends Provenance {
  readonly velocity: readonly Mean[];
}

/** One line of the validation table. A term without data is `null`, never 0. */
export interface Group {
  readonly dataset: string;
  readonly controlMode: string;
  readonly samples: number;
  readonly velocity: number | null;
  readonly tokens: number | null;
  readonly loss: number | null;
}

export interface Validation {
  readonly samples: number;
  readonly groups: readonly Group[];
  /** Over the groups that have data, each with its share of the mixture. */
  readonly aggregate: Pick<Group, "velocity" | "tokens" | "loss">;
}

/** Which weights are validated: those that train, or their averages. */
export type ValidatedWeights = "parameters" | "ema";

/** A validation that says whose it is. */
export interface WeightsValidation extends Validation {
  readonly weights: ValidatedWeights;
}

/** Names of what provenance counts, and the shares of the mixture. */
export interface GroupNames {
  readonly datasets: readonly string[];
  readonly controlModes: readonly string[];
  /** Share of the mixture by dataset and control mode. */
  readonly share: (provenance: Provenance) => number;
}

/**
 * Losses by (dataset, control mode), in order of dataset and control mode.
 *
 * Grouped by the provenance that each sample carries and by nothing else: not by loader, batch or rank (OpenTau#373).
 *
 * @param errors in the order of the validation set: sums are taken in this order, in float64
 * @param terms  of the loss that was trained, with their own denominators
 */
export function groupErrors(errors: readonly SampleError[], terms: readonly Term[], names: GroupNames): Validation {
  const keys = [...new Map(errors.map((error) => [keyOf(error), error])).values()].sort(
    (one, other) => one.dataset - other.dataset || one.controlMode - other.controlMode,
  );
  const found = keys.map((key) => {
    const own = errors.filter((error) => keyOf(error) === keyOf(key));
    return { share: names.share(key), group: groupOf(key, own, terms, names) };
  });
  const groups = found.map(({ group }) => group);
  const total = found.reduce(
    (sum, { share, group }) => (group.velocity === null ? sum : sum.plus(new Mean(share * group.velocity, share))),
    Mean.empty,
  );
  return {
    samples: errors.length,
    groups,
    aggregate: { velocity: total.value, tokens: null, loss: total.value },
  };
}

/** @throws InputError naming the groups whose loss is NaN or infinite */
export function refuseNotFinite(where: string, { groups }: Validation): void {
  const lost = groups.filter(({ loss }) => loss !== null && !Number.isFinite(loss));
  if (lost.length === 0) return;
  const listed = lost.map(({ dataset, controlMode, loss }) => `${loss} for ${dataset} / ${controlMode}`).join(", ");
  throw new InputError(`${where}: expected finite losses, got ${listed}; lower optimizer.peak or optimizer.clip`);
}

function groupOf(key: Provenance, errors: readonly SampleError[], terms: readonly Term[], names: GroupNames): Group {
  const velocity = velocityOf(errors, terms);
  return {
    dataset: names.datasets[key.dataset] ?? "",
    controlMode: names.controlModes[key.controlMode] ?? "",
    samples: errors.length,
    velocity,
    tokens: null,
    loss: velocity,
  };
}

/** The terms that have data, added up as in training; `null` where none has. */
function velocityOf(errors: readonly SampleError[], terms: readonly Term[]): number | null {
  const means = terms.flatMap((term, at) => {
    const { value } = meanOf(errors, term, at);
    return value === null ? [] : [term.weight * value];
  });
  return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0);
}

function meanOf(errors: readonly SampleError[], { reduction }: Term, at: number): Mean {
  return errors.reduce((sum, { velocity }) => {
    const own = velocity[at]!;
    if (reduction === "cells") return sum.plus(own);
    return own.value === null ? sum : sum.plus(new Mean(own.value, 1));
  }, Mean.empty);
}

function keyOf({ dataset, controlMode }: Provenance): string {
  return `${dataset}/${controlMode}`;
}
