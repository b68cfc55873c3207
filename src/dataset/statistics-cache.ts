import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
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

/**
 * The statistics of a key from the cache in `folder`, measured and put there first where they are not yet.
 *
 * An entry that is damaged is measured again; one that is written is written aside and renamed, so that
 * processes may share the cache. Statistics over no real row are not kept.
 */
export async function cachedStatistics(
  folder: string,
  { fingerprint, rows }: StatisticsKey,
  compute: () => Promise<MeasuredStatistics>,
): Promise<MeasuredStatistics> {
  const key = createHash("sha256").update([method, fingerprint, rows].join("\n")).digest("hex");
  const path = join(folder, `${key}.json`);
  const known = await readEntry(path, key);
  if (known !== null) return known;
  const statistics = await compute();
  if (statistics.count > 0) await writeEntry(folder, path, { key, ...statistics });
  return statistics;
}

async function readEntry(path: string, key: string): Promise<MeasuredStatistics | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    const { key: own, ...statistics } = entrySchema.parse(JSON.parse(text));
    const widths = new Set(
      [statistics.mean, statistics.std, statistics.min, statistics.max].map(({ length }) => length),
    );
    const isWhole = widths.size === 1 && widths.has(statistics.q01.length) && widths.has(statistics.q99.length);
    return own === key && isWhole ? statistics : null;
  } catch {
    // A damaged entry is as good as none: it is measured again and written anew.
    return null;
  }
}

async function writeEntry(folder: string, path: string, entry: MeasuredStatistics & { key: string }): Promise<void> {
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(
      partial,
      JSON.stringify(entry, (_, value) => (value instanceof Float64Array ? [...value] : value)),
    );
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
