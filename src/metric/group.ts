import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import { Mean } from "../validity/mean.ts";
import { clusterSpread, type Interval, intervalAbout, pooledSpread, type Spread } from "./interval.ts";

/** Where a sample comes from: the provenance that it carries. */
export interface SampleGroup {
  readonly dataset: number;
  readonly controlMode: number;
}

/** The error of one sample over its supervised cells, by term of the loss. */
export interface SampleError extends SampleGroup {
  /** In its dataset. */
  readonly episode: number;
  /** In the order of the terms. */
  readonly terms: readonly Mean[];
}

/** Losses of some samples. One without data is `null`, never 0. */
export interface Losses {
  /** By name of the objectives' errors: the sum of their terms that have data. */
  readonly byErrors: ReadonlyMap<string, number | null>;
  /** The sum of all. */
  readonly loss: number | null;
  /** Of the loss, as episodes scatter; `null` where there is one episode. */
  readonly interval: Interval | null;
}

/** One line of the validation table. */
export interface Group extends Losses {
  readonly dataset: string;
  readonly controlMode: string;
  readonly samples: number;
  readonly episodes: number;
}

export interface Validation {
  readonly samples: number;
  readonly groups: readonly Group[];
  /** Over the groups that have data, each with its share of the mixture. */
  readonly aggregate: Losses;
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
  readonly share: (provenance: SampleGroup) => number;
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
  const keys = [...new Map(errors.map((error) => [groupKey(error), error])).values()].sort(
    (one, other) => one.dataset - other.dataset || one.controlMode - other.controlMode,
  );
  const found = keys.map((key) => {
    const own = errors.filter((error) => groupKey(error) === groupKey(key));
    const spread = clusterSpread(deviations(own, terms));
    return { share: names.share(key), spread, group: groupOf({ key, errors: own, spread }, terms, names) };
  });
  const shared = (lossOf: (group: Group) => number | null) =>
    found.reduce((sum, { share, group }) => {
      const loss = lossOf(group);
      return loss === null ? sum : sum.plus(new Mean(share * loss, share));
    }, Mean.empty);
  const total = shared(({ loss }) => loss);
  const byErrors = errorNames(terms).map((name) => [name, shared((group) => group.byErrors.get(name)!).value] as const);
  return {
    samples: errors.length,
    groups: found.map(({ group }) => group),
    aggregate: { byErrors: new Map(byErrors), loss: total.value, interval: intervalOfSum(found, total) },
  };
}

/** Names of the errors that terms average, each once. */
export function errorNames(terms: readonly Pick<Term, "errors">[]): string[] {
  return [...new Set(terms.map((term) => term.errors))];
}

/** Groups are taken for independent: an episode belongs to one of them. */
function intervalOfSum(
  found: readonly { readonly share: number; readonly spread: Spread | null; readonly group: Group }[],
  { value, count }: Mean,
): Interval | null {
  const parts = found.filter(({ group }) => group.loss !== null);
  const spread = pooledSpread(parts.map((part) => ({ weight: part.share / count, spread: part.spread })));
  return intervalAbout(value, spread);
}

/** @throws InputError naming the groups whose loss is NaN or infinite */
export function refuseNotFinite(where: string, { groups }: Validation): void {
  const lost = groups.filter(({ loss }) => loss !== null && !Number.isFinite(loss));
  if (lost.length === 0) return;
  const listed = lost.map(({ dataset, controlMode, loss }) => `${loss} for ${dataset} / ${controlMode}`).join(", ");
  throw new InputError(`${where}: expected finite losses, got ${listed}; lower optimizer.peak or optimizer.clip`);
}

interface Own {
  readonly key: SampleGroup;
  readonly errors: readonly SampleError[];
  readonly spread: Spread | null;
}

function groupOf({ key, errors, spread }: Own, terms: readonly Term[], names: GroupNames): Group {
  const byErrors = errorNames(terms).map(
    (name) => [name, lossOf(errors, terms, (term) => term.errors === name)] as const,
  );
  const loss = lossOf(errors, terms, () => true);
  return {
    dataset: names.datasets[key.dataset] ?? "",
    controlMode: names.controlModes[key.controlMode] ?? "",
    samples: errors.length,
    episodes: new Set(errors.map(({ episode }) => episode)).size,
    byErrors: new Map(byErrors),
    loss,
    interval: intervalAbout(loss, spread),
  };
}

/** By episode that has data: what it adds to the loss, less what it would add if its errors were those of all together. */
function deviations(errors: readonly SampleError[], terms: readonly Term[]): number[] {
  const whole = terms.map((term, at) => meanOf(errors, term, at));
  return [...Map.groupBy(errors, ({ episode }) => episode).values()].flatMap((own) => {
    const parts = terms.map((term, at) => ({ term, all: whole[at]!, mean: meanOf(own, term, at) }));
    if (parts.every(({ mean }) => mean.count === 0)) return [];
    return parts.reduce((sum, { term, all, mean }) => {
      const { value } = all;
      if (value === null) return sum;
      return sum + term.weight * new Mean(mean.sum - value * mean.count, all.count).value!;
    }, 0);
  });
}

/** Some terms that have data, added up as in training; `null` where none has. */
function lossOf(
  errors: readonly SampleError[],
  terms: readonly Term[],
  isMeant: (term: Term) => boolean,
): number | null {
  const means = terms.flatMap((term, at) => {
    if (!isMeant(term)) return [];
    const { value } = meanOf(errors, term, at);
    return value === null ? [] : [term.weight * value];
  });
  return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0);
}

function meanOf(errors: readonly SampleError[], { reduction }: Term, at: number): Mean {
  return errors.reduce((sum, error) => {
    const own = error.terms[at]!;
    if (reduction === "cells") return sum.plus(own);
    return own.value === null ? sum : sum.plus(new Mean(own.value, 1));
  }, Mean.empty);
}

/** Tells groups apart: samples of one dataset and control mode are one. */
export function groupKey({ dataset, controlMode }: SampleGroup): string {
  return `${dataset}/${controlMode}`;
}
