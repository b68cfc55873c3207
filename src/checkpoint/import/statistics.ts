import type { Statistics } from "../../dataset/statistics.ts";
import type { NormalizationMode } from "../../embodiment/normalize.ts";
import { InputError } from "../../input-error.ts";

/** Numbers of a vector's entries by what they are: "mean", "std", "min", "max", "q01", "q99". */
export type GivenStatistics = ReadonlyMap<string, readonly number[]>;

/** What a mode of normalisation reads. */
const readBy = {
  "mean-std": ["mean", "std"],
  "min-max": ["min", "max"],
  quantile: ["q01", "q99"],
  identity: [],
} as const satisfies Record<NormalizationMode, readonly string[]>;

/** A vector that another project normalises. */
export interface NormalizedVector {
  /** Names it in errors: the file and the vector. */
  readonly where: string;
  readonly width: number;
  readonly mode: NormalizationMode;
}

/**
 * Statistics of a vector as another project's files have them. Those that its mode does not read may be missing there: the others
 * stand in for them, and no normalisation follows from them.
 *
 * @throws InputError where one that the mode reads is missing, or one is of another width or not finite
 */
export function givenStatistics({ where, width, mode }: NormalizedVector, given: GivenStatistics): Statistics {
  const missing = readBy[mode].filter((name) => !given.has(name));
  if (missing.length > 0)
    throw new InputError(`${where}: expected ${missing.join(" and ")} for its normalisation, got ${keysOf(given)}`);
  for (const [name, cells] of given) {
    if (name === "count") continue;
    if (cells.length !== width)
      throw new InputError(`${where}: expected ${width} numbers of "${name}", as its policy has, got ${cells.length}`);
    const other = cells.find((cell) => !Number.isFinite(cell));
    if (other !== undefined) throw new InputError(`${where}: expected finite numbers of "${name}", got ${other}`);
  }
  const negative = mode === "mean-std" ? given.get("std")?.find((cell) => cell < 0) : undefined;
  if (negative !== undefined) throw new InputError(`${where}: expected deviations of 0 and more, got ${negative}`);
  const [low, high] = mode === "quantile" ? ["q01", "q99"] : ["min", "max"];
  const at =
    mode === "mean-std" ? -1 : (given.get(low!)?.findIndex((cell, entry) => cell > given.get(high!)![entry]!) ?? -1);
  if (at >= 0)
    throw new InputError(
      `${where}: expected "${low}" of at most "${high}", got ${given.get(low!)![at]} above ${given.get(high!)![at]} at entry ${at}`,
    );
  return completed(width, given);
}

/** Statistics under which every mode leaves values as they are, but for its epsilon. */
export function neutralStatistics(width: number): Statistics {
  const all = (cell: number) => new Array<number>(width).fill(cell);
  return completed(
    width,
    new Map([
      ["mean", all(0)],
      ["std", all(1)],
      ["min", all(-1)],
      ["max", all(1)],
    ]),
  );
}

function completed(width: number, given: GivenStatistics): Statistics {
  const cells = (name: string) => given.get(name) ?? null;
  const each = (value: (at: number) => number) => Float64Array.from({ length: width }, (_, at) => value(at));
  const [center, spread] = [cells("mean"), cells("std")];
  const bound = (names: readonly string[], side: 1 | -1) => {
    const found = names.map(cells).find((one) => one !== null) ?? null;
    return each((at) => (found === null ? (center?.[at] ?? 0) + side * (spread?.[at] ?? 1) : found[at]!));
  };
  const [min, max] = [bound(["min", "q01"], -1), bound(["max", "q99"], 1)];
  return {
    count: cells("count")?.[0] ?? 0,
    mean: each((at) => center?.[at] ?? (min[at]! + max[at]!) / 2),
    std: each((at) => spread?.[at] ?? (max[at]! - min[at]!) / 2),
    min,
    max,
    q01: bound(["q01", "min"], -1),
    q99: bound(["q99", "max"], 1),
  };
}

function keysOf(given: GivenStatistics): string {
  return [...given.keys()].join(", ") || "none";
}
