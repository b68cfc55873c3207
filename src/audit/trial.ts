import { sampleCount } from "../batch/batch.ts";
import { termsOf } from "../recipe/plan.ts";
import { tokenizerOf } from "../recipe/tokenizer.ts";
import { Rules } from "../validity/rules.ts";
import type { GlobalBatch } from "./global-batch.ts";
import { horizonOf } from "./horizon.ts";
import { cellsOf, countCells, type PaddingKind, paddingKinds } from "./kind.ts";
import { asTheyAre, type Variation } from "./law.ts";
import type { Comparison } from "./look.ts";
import { poisonNames } from "./poison.ts";
import { alone, halves, reversed, twoRanks } from "./row-variation.ts";
import {
  exactKinds,
  hiddenKinds,
  morePadding,
  type PartTerms,
  paddedOnlyBy,
  partsApart,
  poisonOfCells,
  poisonOfHidden,
} from "./variation.ts";

/** A global batch, and what must not change its outputs. */
export interface Trial {
  readonly base: GlobalBatch;
  readonly variation: Variation<GlobalBatch>;
  /** Where a leak enters: how arrays on the way are compared, or the place. */
  readonly entry: Comparison | { readonly place: string };
  /** The same for one of several kinds of padding alone: where a leak is, and not only that there is one. */
  readonly apart: (kind: PaddingKind) => Trial;
}

/** Differences between sums in another order stay below this share of an array's largest cell. */
const rounding = 1e-3;

/** Every law on a global batch of one micro-batch; the kinds of padding that occur in it are tried together. */
export function* trialsOf(base: GlobalBatch): Generator<Trial> {
  const present = paddingKinds.filter((kind) => cellsOfKind(kind, [base]) > 0);
  const hidden = present.filter((kind) => hiddenKinds.includes(kind));
  if (present.length > 0) for (const name of poisonNames) yield cellTrial(base, present, name);
  if (hidden.length > 0) yield hiddenTrial(base, hidden);
  const exact = present.filter((kind) => exactKinds.includes(kind));
  const summed = present.filter((kind) => !exactKinds.includes(kind));
  for (const kinds of [exact, summed]) if (kinds.length > 0) yield paddingTrial(base, kinds);
  if (exact.includes("action-dims")) for (const parts of partsOf(base)) yield partsTrial(base, parts);
  yield rowTrial(base, halves(base), rounding);
  yield rowTrial(base, reversed(base), 0);
  if (sampleCount(base.parts[0]!.batch) > 1) yield rowTrial(base, alone(base), 0);
}

/** The law of the horizon on a global batch of one micro-batch: its trials share a base of their own. */
export function horizonTrials(whole: GlobalBatch): Trial[] {
  const { base, variations } = horizonOf(whole);
  return variations.map((variation) => {
    const trial: Trial = { base, variation, entry: { cells: "real", above: 0, inputs: false }, apart: () => trial };
    return trial;
  });
}

/** The law of ranks on a global batch of one micro-batch, of which two are made. */
export function ranksTrial(whole: GlobalBatch): Trial {
  const base: GlobalBatch = { ...halves(whole).inputs[0]!, through: ["training", "validation"] };
  const trial: Trial = {
    base,
    variation: twoRanks(base),
    entry: { place: "training/over-ranks.ts: two ranks" },
    apart: () => trial,
  };
  return trial;
}

/** Batches whose unit scales differ by what stands past the ends of episodes. */
export function statisticsTrial(base: GlobalBatch, poisoned: GlobalBatch, groups: readonly string[]): Trial {
  const trial: Trial = {
    base,
    variation: {
      law: "poison",
      kinds: ["action-steps"],
      name: "poison past the ends of episodes, in the statistics",
      inputs: [poisoned],
      back: asTheyAre,
      promise: () => "bits",
    },
    entry: { place: `batch/measure.ts: statistics of ${groups.map((group) => `"${group}"`).join(", ")}` },
    apart: () => trial,
  };
  return trial;
}

/** Raw cells of a kind in some global batches of one micro-batch each. */
export function cellsOfKind(kind: PaddingKind, wholes: readonly GlobalBatch[]): number {
  return wholes.reduce(
    (sum, { parts }) => sum + parts.reduce((all, { batch }) => all + countCells(cellsOf([kind], batch)), 0),
    0,
  );
}

function cellTrial(base: GlobalBatch, kinds: readonly PaddingKind[], name: (typeof poisonNames)[number]): Trial {
  return {
    base,
    variation: poisonOfCells(base, kinds, name, tokenizerOf(base.plan.recipe).vocabulary),
    entry: { cells: "all", above: 0, inputs: false },
    apart: (kind) => cellTrial(base, [kind], name),
  };
}

/** Taken apart, all padding but that of one kind is declared real: the poison knows tokens, not why they do not exist. */
function hiddenTrial(base: GlobalBatch, kinds: readonly PaddingKind[]): Trial {
  return {
    base,
    variation: poisonOfHidden(base, kinds),
    entry: { cells: "real", above: 0, inputs: false },
    apart: (kind) => hiddenTrial(paddedOnlyBy(kind, base), [kind]),
  };
}

function paddingTrial(base: GlobalBatch, kinds: readonly PaddingKind[]): Trial {
  const isExact = kinds.every((kind) => exactKinds.includes(kind));
  return {
    base,
    variation: morePadding(base, kinds),
    entry: { cells: "real", above: isExact ? 0 : rounding, inputs: false },
    apart: (kind) => paddingTrial(base, [kind]),
  };
}

function partsTrial(base: GlobalBatch, parts: PartTerms): Trial {
  const trial: Trial = {
    base,
    variation: partsApart(base, parts),
    entry: { place: "loss/reduction.ts: loss.weights" },
    apart: () => trial,
  };
  return trial;
}

/** Objectives with several terms, as they are where no rule is broken. */
function partsOf({ plan: { recipe } }: GlobalBatch): PartTerms[] {
  const terms = Map.groupBy(termsOf({ recipe, rules: Rules.all }), (term) => term.errors);
  return [...terms].flatMap(([errors, own]) =>
    own.length > 1 ? [{ errors, slots: own.map(({ slots }) => slots) }] : [],
  );
}

function rowTrial(base: GlobalBatch, variation: Variation<GlobalBatch>, above: number): Trial {
  const trial: Trial = { base, variation, entry: { cells: "real", above, inputs: true }, apart: () => trial };
  return trial;
}
