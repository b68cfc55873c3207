import { HostArray } from "../graph/host-array.ts";
import { type Adapters, adaptedWeights, adapterPath, isOfAdapter } from "./adapter.ts";
import type { ParameterValues } from "./parameter.ts";

/** Weights of the policy without adapters that computes the same: `W + alpha / rank · up · down`, summed in float64. */
export function mergeAdapters(values: ParameterValues, { rank, alpha }: Adapters): ParameterValues {
  const merged = new Map([...values].filter(([name]) => !isOfAdapter(name)));
  for (const name of adaptedWeights([...values.keys()])) {
    const { axes, shape, cells } = values.get(name)!;
    const path = adapterPath(name.slice(0, -".weight".length));
    const product = lowRankProduct(
      values.get(`${path}.up.weight`)!.cells,
      values.get(`${path}.down.weight`)!.cells,
      rank,
    );
    const sums = cells.map((cell, at) => cell + (alpha / rank) * product[at]!);
    merged.set(name, new HostArray(axes, shape, "float32", sums));
  }
  return merged;
}

/** `up [rows · rank] · down [rank · columns]`, row by row. */
function lowRankProduct(up: Float32Array, down: Float32Array, rank: number): Float64Array {
  const [rows, columns] = [up.length / rank, down.length / rank];
  const product = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < rank; at++) {
      const share = up[row * rank + at]!;
      for (let column = 0; column < columns; column++)
        product[row * columns + column]! += share * down[at * columns + column]!;
    }
  return product;
}
