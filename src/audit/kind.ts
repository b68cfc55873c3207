import { type Batch, type Facts, withFacts } from "../batch/batch.ts";
import { eachFact, eachField, fieldNames } from "../batch/each.ts";
import type { FactName, FieldName } from "../batch/fields.ts";
import { type BatchCells, unrealCells } from "../batch/poison.ts";
import { cells } from "../graph/axes.ts";
import { Validity } from "../validity/validity.ts";
import { rearranged } from "./rearrange.ts";

/** Everything that a mixture of robots pads, by the names of the audit's table. */
export const paddingKinds = [
  "action-dims",
  "action-steps",
  "state-dims",
  "history",
  "views",
  "prompt-tokens",
  "response-tokens",
  "metadata-tokens",
  "subgoals",
  "action-tokens",
  "robotless-samples",
  "filler-rows",
] as const;

export type PaddingKind = (typeof paddingKinds)[number];

/**
 * Why the pattern of a kind of padding is no news to a robot that acts; `null` where it is: what shows in training where an episode
 * ends shows nothing then.
 */
export const knownWhenActing: Readonly<Record<PaddingKind, string | null>> = {
  "action-dims": "a robot has the same dofs when it acts",
  "action-steps": null,
  "state-dims": "a robot has the same state when it acts",
  history:
    "an episode that begins has none when a robot acts either; what is dropped is drawn without a look at the sample",
  views: "a robot has the same cameras when it acts",
  "prompt-tokens": "an instruction is as long when a robot acts",
  "response-tokens":
    "a robot that acts has no response, or says one itself; what is dropped is drawn without a look at the sample",
  "metadata-tokens":
    "what is not known of an episode is not known either of what a robot does; what is dropped is drawn without a look at it",
  subgoals: "a robot may be shown none when it acts; what is dropped is drawn without a look at the sample",
  "action-tokens": "each reads those before it alone, and the last one says that none follows",
  "robotless-samples": "they stand in rows of their own",
  "filler-rows": "they stand in rows of their own",
};

/** The padding that each fact speaks of. */
const kindOfFact: Readonly<Record<FactName, PaddingKind>> = {
  stepReal: "action-steps",
  dofReal: "action-dims",
  stateReal: "state-dims",
  targetReal: "robotless-samples",
  historyReal: "history",
  historyKept: "history",
  viewReal: "views",
  tokenReal: "prompt-tokens",
  responseReal: "response-tokens",
  metadataReal: "metadata-tokens",
  subgoalReal: "subgoals",
  actionTokenReal: "action-tokens",
  rowReal: "filler-rows",
};

/** From whole rows to single entries. */
const widestFirst: readonly PaddingKind[] = [
  "filler-rows",
  "robotless-samples",
  "history",
  "action-steps",
  "action-dims",
  "state-dims",
  "views",
  "prompt-tokens",
  "response-tokens",
  "metadata-tokens",
  "subgoals",
  "action-tokens",
];

/**
 * The cells of a batch that do not exist because of some kinds of padding.
 *
 * A cell that does not exist for several reasons counts for the widest: filler row, sample without a target, step or slot,
 * entry. So the kinds share no cell, and together they hold every cell that is not real.
 */
export function cellsOf(kinds: readonly PaddingKind[], batch: Batch): BatchCells {
  const unreal = widestFirst.map((_, at) =>
    unrealCells(withFacts(batch, factsOf(widestFirst.slice(0, at + 1), batch.facts))),
  );
  const kindOf = (name: FieldName, cell: number) => widestFirst[unreal.findIndex((cells) => cells[name][cell] === 1)];
  return eachField<"bytes">((name) =>
    unreal[0]![name].map((_, cell) => {
      const kind = kindOf(name, cell);
      return kind !== undefined && kinds.includes(kind) ? 1 : 0;
    }),
  );
}

/** A batch in which nothing is padding but what one kind makes it: everything else that is not real is declared to be. */
export function onlyPaddingOf(kind: PaddingKind, batch: Batch): Batch {
  const whole = kind === "filler-rows" ? batch : withoutFillers(batch);
  return withFacts(whole, factsOf([kind, "filler-rows"], whole.facts));
}

/** Facts that know of some kinds of padding alone: of others, everything exists in rows that do. */
function factsOf(kinds: readonly PaddingKind[], facts: Facts): Facts {
  return eachFact<"host">((name) =>
    kinds.includes(kindOfFact[name]) ? facts[name] : completeIn(facts[name], facts.rowReal),
  );
}

/** A batch with its first sample in the place of every filler row. */
function withoutFillers(batch: Batch): Batch {
  const { bits } = batch.facts.rowReal;
  return rearranged(batch, { b: Array.from(bits, (bit, row) => (bit === 1 ? row : 0)) });
}

function completeIn<A extends string>({ axes, shape }: Validity<A>, rowReal: Validity<"b">): Validity<A> {
  const share = cells(shape.slice(1));
  return Validity.of(
    axes,
    shape,
    Uint8Array.from({ length: cells(shape) }, (_, at) => (rowReal.isReal(Math.floor(at / share)) ? 1 : 0)),
  );
}

/** How many cells are meant; a picture is one. */
export function countCells(cells: BatchCells): number {
  const counts = fieldNames.map((name) => cells[name].reduce((sum, bit) => sum + bit, 0));
  return counts.reduce((sum, count) => sum + count, 0);
}
