import { type Batch, sampleCount } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { poisoned } from "../batch/poison.ts";
import { answerChoiceOf } from "../recipe/answer.ts";
import { layoutOf, type Plan } from "../recipe/plan.ts";
import type { GlobalBatch } from "./global-batch.ts";
import { cellsOf, onlyPaddingOf, type PaddingKind } from "./kind.ts";
import { asTheyAre, type Output, type Variation } from "./law.ts";
import { hiddenNoise, type PoisonName, poisonOf } from "./poison.ts";
import { grown, rearranged, taken, withoutTarget } from "./rearrange.ts";
import { rowsOf } from "./row-variation.ts";
import { errorPrefixes } from "./runner.ts";
import { summedInAnotherOrder } from "./sum-closeness.ts";

type BatchVariation = Variation<GlobalBatch>;

/** Other values in every raw cell that does not exist because of some kinds of padding. */
export function poisonOfCells(
  whole: GlobalBatch,
  kinds: readonly PaddingKind[],
  name: PoisonName,
  vocabulary: number,
): BatchVariation {
  const poison = poisonOf(name, vocabulary);
  const parts = whole.parts.map(({ batch }) => {
    const at = cellsOf(kinds, batch);
    return { batch: poisoned(batch, at, poison), noise: { kinds, poison }, teaching: null };
  });
  return {
    law: "poison",
    kinds,
    name: `${name} in unreal cells`,
    inputs: [{ ...whole, parts }],
    back: asTheyAre,
    promise: () => "bits",
  };
}

/** Kinds of padding that make tokens, or velocities, that do not exist. */
export const hiddenKinds: readonly PaddingKind[] = [
  "action-dims",
  "action-steps",
  "history",
  "views",
  "prompt-tokens",
  "response-tokens",
  "metadata-tokens",
  "subgoals",
  "action-tokens",
  "robotless-samples",
  "filler-rows",
];

/**
 * The same samples where nothing is padded but what one kind makes it: what the poison of its hidden states is compared with.
 */
export function paddedOnlyBy(kind: PaddingKind, whole: GlobalBatch): GlobalBatch {
  return {
    ...whole,
    parts: whole.parts.map(({ batch }) => ({ batch: onlyPaddingOf(kind, batch), noise: null, teaching: null })),
  };
}

/** Noise in the hidden states of tokens that do not exist, and in their velocities: raw cells cannot show a missing key mask. */
export function poisonOfHidden(whole: GlobalBatch, kinds: readonly PaddingKind[]): BatchVariation {
  return {
    law: "poison",
    kinds,
    name: "noise in hidden states of unreal tokens",
    inputs: [{ ...whole, hidden: hiddenNoise }],
    back: asTheyAre,
    promise: () => "bits",
  };
}

/** More padding of some kinds around the same samples. */
export function morePadding(whole: GlobalBatch, kinds: readonly PaddingKind[]): BatchVariation {
  const { plan, rows } = whole;
  const from = layoutOf(plan.recipe, rows);
  const wide = widened(plan, rows, kinds);
  const to = layoutOf(wide.plan.recipe, wide.rows);
  const parts = whole.parts.map(({ batch, noise }) => ({
    batch: larger(batch, from, to, kinds),
    noise,
    teaching: null,
  }));
  const isExact = kinds.every((kind) => exactKinds.includes(kind));
  return {
    law: "padding",
    kinds,
    name: `more ${kinds.join(" and ")}`,
    inputs: [{ ...whole, ...wide, parts }],
    back: (outputs) => rowsOf(asTheyAre(outputs), firstRows(whole.parts.length, rows, to.rows)),
    promise: isExact ? () => "bits" : summedInAnotherOrder(),
  };
}

/** More of these pads rows of a product with zeros, which keeps its bits; more tokens or rows are another tree of sums. */
export const exactKinds: readonly PaddingKind[] = ["action-dims", "state-dims"];

/** Terms of one objective that divide its slots. */
export interface PartTerms {
  readonly errors: string;
  readonly slots: readonly (readonly number[])[];
}

/** Robots that have a single part each, the dofs of every other part being padding: a part's cells weigh what its own make them. */
export function partsApart(whole: GlobalBatch, { errors, slots }: PartTerms): BatchVariation {
  const weights = `${errorPrefixes.weights}${errors}`;
  const width = layoutOf(whole.plan.recipe, whole.rows).actionWidth;
  const onlySlots = (own: readonly number[]) => ascending(width).map((slot) => (own.includes(slot) ? slot : -1));
  return {
    law: "padding",
    kinds: ["action-dims"],
    name: "each part of the robot alone",
    inputs: slots.map((own) => ({
      ...whole,
      through: ["training"],
      parts: whole.parts.map(({ batch }) => ({
        batch: rearranged(batch, { d: onlySlots(own) }),
        noise: null,
        teaching: null,
      })),
    })),
    back: (outputs) => new Map([[weights, sumOf(outputs.map((each) => each.get(weights)!))]]),
    promise: (output) => (output === weights ? "bits" : "nothing"),
  };
}

/** The recipe with more room of some kinds, and how many rows its micro-batches have. */
function widened(plan: Plan, rows: number, kinds: readonly PaddingKind[]): Pick<GlobalBatch, "plan" | "rows"> {
  const { policy } = plan.recipe;
  const more = (kind: PaddingKind, count: number) => (kinds.includes(kind) ? count : 0);
  const { metadataTokens } = layoutOf(plan.recipe, rows);
  const wide = {
    ...policy,
    ...(metadataTokens === undefined ? {} : { metadataTokens: metadataTokens + more("metadata-tokens", 5) }),
    actionWidth: policy.actionWidth + more("action-dims", 5),
    stateWidth: policy.stateWidth + more("state-dims", 3),
    actionHorizon: policy.actionHorizon + more("action-steps", 3),
    promptTokens: policy.promptTokens + more("prompt-tokens", 5),
    views: [...policy.views, ...Array<string>(more("views", 1)).fill("absent")],
    history: { ...policy.history, slots: policy.history.slots + more("history", 1) },
  };
  // An answer has room of its own: more dofs and steps leave it as it is.
  const answers = answerChoiceOf(plan.recipe);
  const { responseTokens } = policy;
  const responses = responseTokens && { responseTokens: responseTokens + more("response-tokens", 5) };
  const said = answers && { actionTokens: { ...answers, most: answers.most + more("action-tokens", 5) } };
  return {
    plan: { ...plan, recipe: { ...plan.recipe, policy: { ...wide, ...responses, ...said } } },
    rows: rows + more("robotless-samples", 1) + more("filler-rows", 1),
  };
}

/** A batch in a larger layout; where samples without a target are asked for, one stands behind the others. */
function larger(batch: Batch, from: BatchLayout, to: BatchLayout, kinds: readonly PaddingKind[]): Batch {
  const sources = grown(from, to);
  if (!kinds.includes("robotless-samples")) return rearranged(batch, sources);
  const samples = sampleCount(batch);
  const b = sources.b.map((source, row) => (row === samples ? 0 : row > samples ? -1 : source));
  return withoutTarget(rearranged(batch, { ...sources, b }), (row) => row === samples);
}

/** Arrays of one form added up: where each has cells of its own and zeros elsewhere, their cells side by side. */
function sumOf([first, ...others]: readonly Output[]): Output {
  const out = taken(first!, {}, 0);
  for (const { cells } of others) for (let at = 0; at < cells.length; at++) out.cells[at]! += cells[at]!;
  return out;
}

/** The first rows of each of several larger micro-batches. */
function firstRows(parts: number, rows: number, rowsOfEach: number): number[] {
  return Array.from({ length: parts * rows }, (_, at) => Math.floor(at / rows) * rowsOfEach + (at % rows));
}

function ascending(count: number): readonly number[] {
  return [...Array(count).keys()];
}
