import { cells, letters } from "../../graph/axes.ts";

/**
 * The cells of an array in another order of its axes: of `u j e`, those of `u e j`.
 *
 * @param shape of `from`
 * @throws RangeError if the axes are not the same
 */
export function rearrange(values: Float32Array, shape: readonly number[], from: string, to: string): Float32Array {
  const given = letters(from);
  const order = letters(to).map((letter) => given.indexOf(letter));
  if (order.length !== given.length || order.includes(-1))
    throw new RangeError(`rearrange: expected the axes "${from}" in another order, got "${to}"`);
  const steps = order.map((at) => cells(shape.slice(at + 1)));
  const sizes = order.map((at) => shape[at]!);
  const out = new Float32Array(values.length);
  const index = new Array<number>(sizes.length).fill(0);
  let source = 0;
  for (let at = 0; at < out.length; at++) {
    out[at] = values[source]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      source += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      source -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
