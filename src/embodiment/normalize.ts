import { changes, type Statistics } from "../dataset/statistics.ts";
import { cells, type IsSubsequence } from "../graph/axes.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";

/** Which of the statistics give the centre and scale of an entry. */
export const normalizationModes = ["mean-std", "min-max", "quantile", "identity"] as const;

export type NormalizationMode = (typeof normalizationModes)[number];

/**
 * What an entry that never changes normalises to: 0, or what the division by epsilon gives, from the middle of its range or from the
 * lower end, which is −1: openpi and LeRobot write `2 · (x − low) / range − 1`.
 */
export const zeroRanges = ["zero", "epsilon", "lower"] as const;

/** What is used where quantiles coincide and the extremes do not: minimum and maximum, or the division by epsilon. */
export const coincidingQuantilesNames = ["min-max", "epsilon"] as const;

/**
 * How normalisation treats divisors that are 0 or nearly so. Weights depend on it, so the manifest records it.
 *
 * A cell that is not real is 0 in every mode and under every convention.
 */
export interface NormalizationConvention {
  /** Added to every divisor. */
  readonly epsilon: number;
  /** With "zero" an entry that never changes is its constant when denormalised, whatever the policy says. */
  readonly zeroRange: (typeof zeroRanges)[number];
  readonly coincidingQuantiles: (typeof coincidingQuantilesNames)[number];
}

/** What new weights are trained under. */
export const soundNormalization = {
  epsilon: 1e-6,
  zeroRange: "zero",
  coincidingQuantiles: "min-max",
} as const satisfies NormalizationConvention;

/** Unit scale of each entry of a vector: `normalised = (value − center) / scale`. Plain data. */
export interface Normalization {
  readonly mode: NormalizationMode;
  readonly center: Float64Array;
  /** 0 where the entry never changes. */
  readonly scale: Float64Array;
}

/**
 * The normalisation that a mode takes from statistics.
 *
 * "mean-std": `(x − mean) / (std + ε)`; "min-max" and "quantile": the middle goes to 0, the bounds to ±1 (less ε), without
 * clipping; "identity": as it is.
 */
export function normalization(
  mode: NormalizationMode,
  statistics: Statistics,
  convention: NormalizationConvention,
): Normalization {
  const entries = [...statistics.mean.keys()].map((entry) => unit(mode, statistics, entry, convention));
  return {
    mode,
    center: Float64Array.from(entries, (entry) => entry.center),
    scale: Float64Array.from(entries, (entry) => entry.scale),
  };
}

/**
 * Values in unit scale; unreal cells are 0.
 *
 * @param values the last axis is the normalised vector's; validity speaks of whole vectors, by all axes before it, or of cells
 * @throws RangeError if the vector and the normalisation differ in width
 */
export function normalize<A extends string, V extends string>(
  values: Padded<A, "float64", V>,
  by: Normalization,
  ...misfit: IsSubsequence<V, A> extends true ? [] : [validityIsNotWithinTheAxesOfTheValues: never]
): Padded<A, "float32", V> {
  return values.read((raw, valid) => {
    const width = widthOf("normalize", raw, by);
    const share = raw.axes.startsWith(valid.axes) ? raw.cells.length / cells(valid.shape) : 0;
    if (share !== 1 && share !== width)
      throw new RangeError(`normalize: expected a validity of "${raw.axes}" by vector, got one of "${valid.axes}"`);
    const out = zeros(raw.axes, raw.shape, "float32");
    for (let at = 0; at < raw.cells.length; at++) {
      const entry = at % width;
      const scale = by.scale[entry]!;
      if (scale !== 0 && valid.isReal(Math.floor(at / share)))
        out.cells[at] = (raw.cells[at]! - by.center[entry]!) / scale;
    }
    return Padded.of(out, valid, ...misfit);
  });
}

/**
 * Values in the robot's own units from unit scale: the inverse of `normalize` on real cells.
 *
 * @param values `[…, d]`, in float32 as a policy gives them
 * @throws RangeError if the vector and the normalisation differ in width
 */
export function denormalize<A extends string>(values: HostArray<A, "float32">, by: Normalization) {
  const width = widthOf("denormalize", values, by);
  const out = zeros(values.axes, values.shape, "float64");
  for (let at = 0; at < values.cells.length; at++) {
    const entry = at % width;
    out.cells[at] = by.center[entry]! + values.cells[at]! * by.scale[entry]!;
  }
  return out;
}

function unit(
  mode: NormalizationMode,
  statistics: Statistics,
  entry: number,
  { epsilon, zeroRange, coincidingQuantiles }: NormalizationConvention,
): { center: number; scale: number } {
  const { mean, std, min, max, q01, q99 } = statistics;
  if (mode === "identity") return { center: 0, scale: 1 };
  if (zeroRange === "zero" && !changes(statistics, entry))
    return { center: middle(min[entry]!, max[entry]!), scale: 0 };
  if (mode === "mean-std") return { center: mean[entry]!, scale: std[entry]! + epsilon };
  const areApart = coincidingQuantiles === "epsilon" || changes({ min: q01, max: q99 }, entry);
  const [low, high] = mode === "quantile" && areApart ? [q01, q99] : [min, max];
  const half = (high[entry]! - low[entry]!) / 2;
  if (zeroRange === "lower") return { center: low[entry]! + half + epsilon / 2, scale: half + epsilon / 2 };
  return { center: middle(low[entry]!, high[entry]!), scale: half + epsilon };
}

function middle(low: number, high: number): number {
  return low + (high - low) / 2;
}

function widthOf(who: string, values: HostArray<string, DataType>, by: Normalization): number {
  const width = values.shape.at(-1);
  if (width !== by.scale.length)
    throw new RangeError(`${who}: statistics have ${by.scale.length} entries, values have ${width}`);
  return by.scale.length;
}
