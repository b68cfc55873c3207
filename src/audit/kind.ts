import type { Batch } from "../batch/batch.ts";
import type { BatchCells } from "../batch/poison.ts";

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
 * The cells of a batch that do not exist because of one kind of padding.
 *
 * A cell that does not exist for several reasons counts for the widest: filler row, sample without a target, step or slot,
 * entry. So the kinds share no cell, and together they hold every cell that is not real.
 */
export function cellsOf(kind: PaddingKind, { facts }: Batch): BatchCells {
  const { stepReal, dofReal, stateReal, targetReal, historyReal, historyKept, viewReal, tokenReal, rowReal } = facts;
  const [slots = 0] = historyReal.shape.slice(1);
  const isReadable = (row: number, slot: number) =>
    slot === slots - 1 || (historyReal.isReal(row * slots + slot) && historyKept.isReal(row));
  const bits = (shape: readonly number[], reason: (row: number, one: number, two: number) => PaddingKind | null) =>
    marked(shape, (row, one, two) => (rowReal.isReal(row) ? reason(row, one, two) : "filler-rows") === kind);
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
  };
}

/** How many cells are meant; a picture is one. */
export function countCells({ images, state, prompt, actions }: BatchCells): number {
  return [images, state, prompt, actions].reduce((sum, bits) => sum + bits.reduce((all, bit) => all + bit, 0), 0);
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
