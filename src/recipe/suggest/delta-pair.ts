import type { Dof, Entry } from "../../embodiment/embodiment.ts";
import { quantityOf, stemOf } from "./words.ts";

/**
 * The state entry that each dof's delta would be taken from: the position of the same thing, whatever the leader and the
 * follower call it. Vectors without names and of one width are paired by place.
 *
 * A gripper has none, nor has what is no position, nor a dof that two state entries could be.
 */
export function pairByName(dofs: readonly Entry[], states: readonly Entry[]): Dof[] {
  const areUnnamed = [...dofs, ...states].every(({ name }) => /\.\d+$/.test(name));
  const isOneWidth = dofs.length === states.length;
  const partner = (dof: Entry, at: number) => {
    const exact = mayBeRelative(dof) ? states.findIndex(({ name }) => name === dof.name) : -1;
    if (exact >= 0) return exact;
    if (!areUnnamed) return partnerOf(dof, dofs, states);
    return isOneWidth && mayBeRelative(dof) ? at : null;
  };
  return dofs.map((dof, at) => ({ ...dof, state: partner(dof, at) }));
}

function partnerOf(dof: Entry, dofs: readonly Entry[], states: readonly Entry[]): number | null {
  if (!mayBeRelative(dof)) return null;
  const stem = stemOf(dof.name);
  const isSame = (entry: Entry) => mayBeRelative(entry) && stemOf(entry.name) === stem;
  const alike = states.filter(isSame);
  return stem !== "" && alike.length === 1 && dofs.filter(isSame).length === 1 ? states.indexOf(alike[0]!) : null;
}

function mayBeRelative({ name, kind }: Entry): boolean {
  return kind !== "gripper" && quantityOf(name) === "position";
}

/** Numbers of the frames of an episode, by entry. */
export type Recorded = readonly (readonly number[])[];

/**
 * Whether actions follow the state that they are paired with: of the paired dofs that move, at least half spread less about it than
 * about their own mean. Motions from here on have the names of positions in some datasets, and their numbers tell.
 */
export function followsState(dofs: readonly Dof[], action: Recorded, state: Recorded): boolean {
  const moving = dofs.flatMap((dof, at) => {
    const own = action[at] ?? [];
    const spread = variance(own);
    if (dof.state === null || spread === 0) return [];
    const measured = state[dof.state] ?? [];
    return [variance(own.map((value, frame) => value - measured[frame]!)) < spread];
  });
  return 2 * moving.filter((follows) => follows).length >= moving.length;
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
