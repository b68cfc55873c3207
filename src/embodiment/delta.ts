import { HostArray, type Storage } from "../graph/host-array.ts";
import type { Dof } from "./embodiment.ts";

/** Whether a policy learns actions as they are, or relative to the current state for dofs that have a state entry. */
export type ActionFrame = "absolute" | "delta";

/**
 * Actions relative to the current state, where a dof names a state entry; the others stay as they are.
 *
 * @param actions `[t d]`, in the robot's own units and order
 * @param state the current state, in the robot's own units and order
 * @throws RangeError if widths differ from the dofs'
 * @source openpi `transforms.py` `DeltaActions`
 */
export function toDelta(actions: HostArray<"t d", "float64">, state: Float64Array, dofs: readonly Dof[]) {
  return shifted(actions, offsets("toDelta", state, dofs), -1);
}

/** Actions in the robot's own frame from actions relative to the current state: the inverse of `toDelta`. */
export function toAbsolute(actions: HostArray<"t d", "float64">, state: Float64Array, dofs: readonly Dof[]) {
  return shifted(actions, offsets("toAbsolute", state, dofs), 1);
}

function offsets(who: string, state: Float64Array, dofs: readonly Dof[]): number[] {
  return dofs.map((dof) => {
    if (dof.state === null) return 0;
    const value = state[dof.state];
    if (value === undefined)
      throw new RangeError(`${who}: dof "${dof.name}" needs state entry ${dof.state}, the state has ${state.length}`);
    return value;
  });
}

function shifted(actions: HostArray<"t d", "float64">, by: readonly number[], sign: 1 | -1): typeof actions {
  if (actions.shape[1] !== by.length)
    throw new RangeError(`delta: expected actions of ${by.length} dofs, got ${actions.shape[1]}`);
  const cells: Storage<"float64"> = actions.cells.map((value, at) => value + sign * by[at % by.length]!);
  return new HostArray(actions.axes, actions.shape, "float64", cells);
}
