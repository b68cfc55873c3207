import { z } from "zod";
import { type CacheForm, cached } from "./cache.ts";
import type { MeasuredStatistics } from "./statistics.ts";

/** Changes when the same rows would give other numbers than before. */
const method = "statistics 1";

/** What statistics belong to: everything that their rows are a function of. */
export interface StatisticsKey {
  /** The dataset's fingerprint: its files and the episodes in use. */
  readonly fingerprint: string;
  /** What was measured of them, in words and numbers: columns, window, rate, delta. */
  readonly rows: string;
}

const column = z.array(z.number()).transform((values) => Float64Array.from(values));

const entrySchema = z.object({
  key: z.string(),
  count: z.int().nonnegative(),
  mean: column,
  std: column,
  min: column,
  max: column,
  q01: column,
  q99: column,
  quantiles: z.enum(["exact", "histogram"]),
});

/** The statistics of a key from the cache in `folder`, measured first where they are not yet there; none over no real row are kept. */
export async function cachedStatistics(
  folder: string,
  { fingerprint, rows }: StatisticsKey,
  compute: () => Promise<MeasuredStatistics>,
): Promise<MeasuredStatistics> {
  return await cached(folder, [method, fingerprint, rows], form, compute);
}

const form: CacheForm<MeasuredStatistics> = {
  decode(text, key) {
    const { key: own, ...statistics } = entrySchema.parse(JSON.parse(text));
    const { mean, std, min, max, q01, q99 } = statistics;
    const widths = new Set([mean, std, min, max, q01, q99].map(({ length }) => length));
    return own === key && widths.size === 1 ? statistics : null;
  },
  encode(statistics, key) {
    if (statistics.count === 0) return null;
    return JSON.stringify({ key, ...statistics }, (_, value) => (value instanceof Float64Array ? [...value] : value));
  },
};
