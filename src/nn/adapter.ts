import { HostArray } from "../graph/host-array.ts";
import type { ParameterValues } from "./parameter.ts";

/**
 * Maps of low rank that are learnt beside those of attention and feed-forward, whose own weights stay as they are.
 *
 * @source LoRA (arXiv:2106.09685)
 */
export interface Adapters {
  readonly rank: number;
  /** What they say counts `alpha / rank`. */
  readonly alpha: number;
  /** Beginnings of the names of the modules whose layers have them: `backbone`, `expert.layer.3`. */
  readonly below: readonly string[];
}

const beginning = "adapter.";

/** Maps of a layer: queries, keys, values, what attention gives, and those of the feed-forward. */
const ofLayer = /\.(layer|block)\.\d+\.(query|key|value|out|mlp\.[a-z]+)$/;

/** Whether a linear map has an adapter. */
export function isAdapted({ below }: Adapters, path: string): boolean {
  return ofLayer.test(path) && below.some((module) => path === module || path.startsWith(`${module}.`));
}

/** Where the adapter of a linear map stands. */
export function adapterPath(path: string): string {
  return `${beginning}${path}`;
}

/** The weights beside which the adapters among some parameters are learnt. */
export function adaptedWeights(names: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.startsWith(beginning) && name.endsWith(".down.weight")
      ? [`${name.slice(beginning.length, -".down.weight".length)}.weight`]
      : [],
  );
}

/** Whether a parameter is of an adapter. */
export function isOfAdapter(name: string): boolean {
  return name.startsWith(beginning);
}

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
