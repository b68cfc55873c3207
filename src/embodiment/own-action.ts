import type { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { type ActionFrame, toAbsolute, toDelta } from "./delta.ts";
import type { Dof } from "./embodiment.ts";
import { denormalize, type Normalization, normalize } from "./normalize.ts";

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

/**
 * A robot's own actions as a policy gives them: the inverse of `ownActions`, but for dofs whose scale is 0, which get 0.
 *
 * @returns `[t d]`, in unit scale and in the robot's own order
 * @throws RangeError if widths differ
 */
export function unitActions(
  actions: HostArray<"t d", "float64">,
  state: Float64Array,
  { dofs, unit, frame }: ActionReading,
): HostArray<"t d"> {
  const framed = frame === "absolute" ? actions : toDelta(actions, state, dofs);
  const whole = Padded.of(framed, Validity.complete("t", [framed.shape[0]!]));
  return normalize(whole, unit).read((values) => values);
}
