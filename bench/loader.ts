import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Progress } from "../src/command/progress.ts";
import type { Screen } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";
import { type Comparison, compareSamples } from "./compare-samples.ts";
import { type LeRobotOptions, samplesOfLeRobot, shareOfLeRobot, startLeRobot, type TimeShares } from "./lerobot.ts";
import { openLoading, rows, shareOfLoading, startLoading } from "./loading.ts";
import { type Contestant, type Turns, takeTurns } from "./turns.ts";

export interface LoaderOptions {
  /** An interpreter with LeRobot, or `null` to measure our loader alone. */
  readonly python: string | null;
  /** Folder of the datasets' folders. */
  readonly data: string;
  readonly workers: number;
  readonly rounds: number;
  readonly screen: Screen;
}

/** What was measured on one dataset. */
export interface DatasetResult {
  readonly dataset: string;
  /** Samples of one pass. */
  readonly samples: number;
  readonly measured: readonly Turns[];
  /** Milliseconds per sample on one thread, by who was measured. */
  readonly shares: Readonly<Record<string, TimeShares>>;
  /** `null` without LeRobot. */
  readonly comparison: Comparison | null;
}

/**
 * Datasets of a folder that a LeRobot can read too: of format v2.1 (its series 0.3) or v3.0 (0.6), with films.
 *
 * @throws InputError if there is none
 */
export async function loaderDatasets(folder: string): Promise<string[]> {
  const places = await Array.fromAsync(glob("*/meta/info.json", { cwd: folder }));
  const found: string[] = [];
  for (const place of places.toSorted()) {
    const dataset = dirname(dirname(place));
    const facts = z
      .object({ codebase_version: z.string() })
      .parse(JSON.parse(await readFile(join(folder, place), "utf8")));
    const films = await Array.fromAsync(glob("videos/**/*.mp4", { cwd: join(folder, dataset) }));
    if (/^v(2\.1|3\.)/.test(facts.codebase_version) && films.length > 0) found.push(dataset);
  }
  if (found.length > 0) return found;
  throw new InputError(`bench loader --data ${folder}: expected datasets of format v2.1 or v3.0 with films, got none`);
}

/** Samples of a pass at most; of those the ones that are timed on one thread, and those whose pixels are compared. */
const [samples, timed, compared] = [2048, 256, 16];
/** What a suggested recipe keeps of each dataset. */
const kept = 128 * 2 ** 20;
/** Our loader without memory, in the first pass over a dataset, and in every pass after that. */
const ours = [
  { name: "armature, nothing kept", pictureMemoryBytes: 0, isFirst: false },
  { name: "armature, first pass", pictureMemoryBytes: kept, isFirst: true },
  { name: "armature, later passes", pictureMemoryBytes: kept, isFirst: false },
] as const;

/** Samples per second of one dataset by everything that is there, in turns. */
export async function measureLoading(dataset: string, options: LoaderOptions): Promise<DatasetResult> {
  const { python, workers, rounds, screen } = options;
  const root = join(options.data, dataset);
  const loading = await openLoading(dataset, root, samples);
  const { places } = loading;
  const other: LeRobotOptions | null = python === null ? null : { python, root, places, workers, rows };
  const contestants: Contestant[] = [];
  try {
    if (other !== null) contestants.push(await startLeRobot(other));
    for (const { isFirst, ...choice } of ours)
      contestants.push(await startLoading(loading, { ...choice, workers, emptyPasses: isFirst ? rounds : 0 }));
    const total = contestants.length * rounds;
    const progress = new Progress({
      screen,
      label: dataset,
      unit: "turn",
      total,
      done: 0,
      now: () => performance.now(),
    });
    const measured = await takeTurns(contestants, rounds, (done) => progress.update(done, {}));
    progress.finish();
    const shares = { armature: await shareOfLoading({ ...loading, places: places.slice(0, timed) }) };
    if (other === null) return { dataset, samples: places.length, measured, shares, comparison: null };
    return {
      dataset,
      samples: places.length,
      measured,
      shares: { ...shares, LeRobot: await shareOfLeRobot({ ...other, places: places.slice(0, timed) }) },
      comparison: await compareSamples(
        loading,
        await samplesOfLeRobot({ ...other, places: places.slice(0, compared) }),
      ),
    };
  } finally {
    for (const { end } of contestants) end();
  }
}
