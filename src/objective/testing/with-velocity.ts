import { HostArray } from "../../graph/host-array.ts";
import type { ParameterValues } from "../../nn/parameter.ts";

/**
 * Weights of a flow policy that says the same velocity at every step and time, whatever it perceives: what it makes of noise can
 * then be worked out by hand.
 *
 * @param weights of a policy whose last map is `action.out`
 * @param bySlot  the velocity in each slot of the action
 */
export function withVelocity(weights: ParameterValues, bySlot: readonly number[]): ParameterValues {
  const [matrix, bias] = [weights.get("action.out.weight"), weights.get("action.out.bias")];
  if (matrix === undefined || bias?.cells.length !== bySlot.length)
    throw new RangeError(`withVelocity: expected "action.out" of ${bySlot.length} slots, got ${bias?.cells.length}`);
  const zero = new HostArray(matrix.axes, matrix.shape, "float32", new Float32Array(matrix.cells.length));
  const steady = new HostArray(bias.axes, bias.shape, "float32", Float32Array.from(bySlot));
  return new Map([...weights, ["action.out.weight", zero], ["action.out.bias", steady]]);
}
