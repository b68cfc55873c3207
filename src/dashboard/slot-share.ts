import type { Batch } from "../batch/batch.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import type { Member } from "../mixture/mixture.ts";
import { Mean } from "../validity/mean.ts";
import { Validity } from "../validity/validity.ts";

/** A slot of the batch: what a robot has in it, and in what share of the robot's rows it is real. */
export interface SlotShare {
  /** `null` where the robot has nothing. */
  readonly name: string | null;
  readonly real: number;
}

/** What is real of a batch in the rows of one robot. */
export interface RobotSlots {
  readonly dataset: string;
  readonly rows: number;
  /** By slot, then by step of the chunk. */
  readonly actions: readonly { readonly name: string | null; readonly real: readonly number[] }[];
  readonly states: readonly SlotShare[];
}

/** What is real of a batch, robot by robot, in the order of the mixture's members; robots without a row are left out. */
export function robotSlots(
  { facts, provenance }: Pick<Batch, "facts" | "provenance">,
  members: readonly Pick<Member, "dataset" | "controlMode" | "datasetName" | "embodiment">[],
): RobotSlots[] {
  const { stepReal, dofReal, targetReal, stateReal, rowReal } = facts;
  const actions = Validity.every("b t d", [stepReal, dofReal, targetReal, rowReal]);
  const [, steps = 0, slots = 0] = actions.shape;
  const stateSlots = stateReal.shape[1] ?? 0;
  return members.flatMap(({ dataset, controlMode, datasetName, embodiment }) => {
    const isOwn = (row: number) => provenance.dataset[row] === dataset && provenance.controlMode[row] === controlMode;
    const rows = [...provenance.dataset.keys()].filter(isOwn);
    if (rows.length === 0) return [];
    const action = (slot: number) =>
      Array.from({ length: steps }, (_, step) =>
        share(rows, (row) => actions.isReal((row * steps + step) * slots + slot)),
      );
    const names = namesOf(embodiment);
    return {
      dataset: datasetName,
      rows: rows.length,
      actions: Array.from({ length: slots }, (_, slot) => ({
        name: names.dofs.get(slot) ?? null,
        real: action(slot),
      })),
      states: Array.from({ length: stateSlots }, (_, slot) => ({
        name: names.states.get(slot) ?? null,
        real: share(rows, (row) => stateReal.isReal(row * stateSlots + slot)),
      })),
    };
  });
}

function namesOf({ dofs, states }: Embodiment) {
  return {
    dofs: new Map(dofs.map(({ slot, name }) => [slot, name])),
    states: new Map(states.map(({ slot, name }) => [slot, name])),
  };
}

function share(rows: readonly number[], isReal: (row: number) => boolean): number {
  return new Mean(rows.filter(isReal).length, rows.length).value ?? 0;
}
