import { isBelow } from "./below.ts";

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
  return ofLayer.test(path) && below.some((module) => isBelow(path, module));
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
