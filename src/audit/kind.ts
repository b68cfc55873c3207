import { type Batch, type Facts, observationReal } from "../batch/batch.ts";
import type { BatchCells } from "../batch/poison.ts";
import { cells } from "../graph/axes.ts";
import { Padded } from "../validity/padded.ts";
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
  "robotless-samples": "they stand in rows of their own",
  "filler-rows": "they stand in rows of their own",
};

/**
 * The cells of a batch that do not exist because of some kinds of padding.
 *
 * A cell that does not exist for several reasons counts for the widest: filler row, sample without a target, step or slot,
 * entry. So the kinds share no cell, and together they hold every cell that is not real.
 */
export function cellsOf(kinds: readonly PaddingKind[], { facts }: Batch): BatchCells {
  const { stepReal, dofReal, stateReal, targetReal, historyReal, historyKept, viewReal, tokenReal, rowReal } = facts;
  const [slots = 0] = historyReal.shape.slice(1);
  const isReadable = (row: number, slot: number) =>
    slot === slots - 1 || (historyReal.isReal(row * slots + slot) && historyKept.isReal(row));
  const bits = (shape: readonly number[], reason: (row: number, one: number, two: number) => PaddingKind | null) =>
    marked(shape, (row, one, two) => {
      const found = rowReal.isReal(row) ? reason(row, one, two) : "filler-rows";
      return found !== null && kinds.includes(found);
    });
  const [rows = 0, steps = 0] = stepReal.shape;
  const [dofs = 0, states = 0] = [dofReal.shape[1], stateReal.shape[1]];
  const views = viewReal.shape[2] ?? 0;
  const tokens = tokenReal.shape[1] ?? 0;
  return {
    images: bits([rows, slots, views], (row, slot, view) => {
      if (!isReadable(row, slot)) return "history";
      return viewReal.isReal((row * slots + slot) * views + view) ? null : "views";
    }),
    state: bits([rows, slots, states], (row, slot, entry) => {
      if (!isReadable(row, slot)) return "history";
      return stateReal.isReal(row * states + entry) ? null : "state-dims";
    }),
    prompt: bits([rows, tokens, 1], (row, token) => (tokenReal.isReal(row * tokens + token) ? null : "prompt-tokens")),
    actions: bits([rows, steps, dofs], (row, step, dof) => {
      if (!targetReal.isReal(row)) return "robotless-samples";
      if (!stepReal.isReal(row * steps + step)) return "action-steps";
      return dofReal.isReal(row * dofs + dof) ? null : "action-dims";
    }),
    embodiment: bits([rows, 1, 1], () => null),
  };
}

/** A batch in which nothing is padding but what one kind makes it: everything else that is not real is declared to be. */
export function onlyPaddingOf(kind: PaddingKind, batch: Batch): Batch {
  const { images, state, prompt, actions, ...rest } = kind === "filler-rows" ? batch : withoutFillers(batch);
  const { rowReal } = rest.facts;
  const own = <A extends string>(name: PaddingKind, fact: Validity<A>): Validity<A> =>
    name === kind ? fact : completeIn(fact, rowReal);
  const facts: Facts = {
    stepReal: own("action-steps", rest.facts.stepReal),
    dofReal: own("action-dims", rest.facts.dofReal),
    stateReal: own("state-dims", rest.facts.stateReal),
    targetReal: own("robotless-samples", rest.facts.targetReal),
    historyReal: own("history", rest.facts.historyReal),
    historyKept: own("history", rest.facts.historyKept),
    viewReal: own("views", rest.facts.viewReal),
    tokenReal: own("prompt-tokens", rest.facts.tokenReal),
    rowReal,
  };
  const readable = observationReal(facts);
  const cellReal = [facts.stepReal, facts.dofReal, facts.targetReal] as const;
  return {
    ...rest,
    facts,
    images: images.read((values) => Padded.of(values, Validity.every("b o v", [facts.viewReal, readable]))),
    state: state.read((values) => Padded.of(values, Validity.every("b o s", [readable, facts.stateReal]))),
    prompt: prompt.read((values) => Padded.of(values, facts.tokenReal)),
    actions: actions.read((values) => Padded.of(values, Validity.every("b t d", cellReal))),
  };
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
  return [cells.images, cells.state, cells.prompt, cells.actions, cells.embodiment].reduce(
    (sum, bits) => sum + bits.reduce((all, bit) => all + bit, 0),
    0,
  );
}

function marked(
  [first = 0, second = 0, third = 0]: readonly number[],
  isMarked: (row: number, one: number, two: number) => boolean,
): Uint8Array {
  return Uint8Array.from({ length: first * second * third }, (_, at) => {
    const row = Math.floor(at / (second * third));
    return isMarked(row, Math.floor(at / third) % second, at % third) ? 1 : 0;
  });
}
