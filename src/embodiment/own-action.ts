import type { HostArray } from "../graph/host-array.ts";
import { type ActionFrame, toAbsolute } from "./delta.ts";
import type { Dof } from "./embodiment.ts";
import { denormalize, type Normalization } from "./normalize.ts";

/** How a policy's actions become a robot's own. */
export interface ActionReading {
  readonly dofs: readonly Dof[];
  readonly unit: Normalization;
  readonly frame: ActionFrame;
}

/**
 * A policy's actions in the robot's own units and frame: the inverse of `actionsFrom` and `normalize`.
 *
 * @param actions `[t d]`, in unit scale and in the robot's own order
 * @param state   the state that delta actions are relative to: the one at step 0
 * @throws RangeError if widths differ
 */
export function ownActions(
  actions: HostArray<"t d">,
  state: Float64Array,
  { dofs, unit, frame }: ActionReading,
): HostArray<"t d", "float64"> {
  const own = denormalize(actions, unit);
  return frame === "absolute" ? own : toAbsolute(own, state, dofs);
}
