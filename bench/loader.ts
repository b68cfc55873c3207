import { existsSync } from "node:fs";
import { join } from "node:path";
import { Progress } from "../src/command/progress.ts";
import type { Screen } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";
import { type Comparison, compareSamples } from "./compare-samples.ts";
import { type LeRobotOptions, samplesOfLeRobot, shareOfLeRobot, startLeRobot, type TimeShares } from "./lerobot.ts";
import { openLoading, rows, shareOfLoading, startLoading } from "./loading.ts";
import { type Contestant, type Measured, takeTurns } from "./turns.ts";

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
  readonly measured: readonly Measured[];
  /** Milliseconds per sample on one thread, by who was measured. */
  readonly shares: Readonly<Record<string, TimeShares>>;
  /** `null` without LeRobot. */
  readonly comparison: Comparison | null;
}

/** Datasets that LeRobot can read too: format v2.1, with a camera. */
export const loaderDatasets = ["unitree_g1_inspire", "dobot_cr5"] as const;

/** Samples of a pass, and of those the ones whose pixels are compared. */
const [samples, compared] = [256, 16];
/** Our loader as it is in the first pass over a dataset, and with what training keeps of each in the recipe of the real mixture. */
const ours = [
  ["armature", 0],
  ["armature, pictures kept", 128 * 2 ** 20],
] as const;

/** Samples per second of one dataset by everything that is there, in turns. */
export async function measureLoading(dataset: string, options: LoaderOptions): Promise<DatasetResult> {
  const { python, workers, rounds, screen } = options;
  const root = join(options.data, dataset);
  if (!existsSync(root))
    throw new InputError(`bench loader: expected the dataset ${root}, got nothing there; see --data`);
  const loading = await openLoading(dataset, root, samples);
  const { places } = loading;
  const other: LeRobotOptions | null = python === null ? null : { python, root, places, workers, rows };
  const contestants: Contestant[] = [];
  try {
    if (other !== null) contestants.push(await startLeRobot(other));
    for (const [name, pictureMemoryBytes] of ours)
      contestants.push(await startLoading(loading, { name, workers, pictureMemoryBytes }));
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
    const shares = { armature: await shareOfLoading(loading) };
    if (other === null) return { dataset, samples: places.length, measured, shares, comparison: null };
    return {
      dataset,
      samples: places.length,
      measured,
      shares: { ...shares, LeRobot: await shareOfLeRobot(other) },
      comparison: await compareSamples(
        loading,
        await samplesOfLeRobot({ ...other, places: places.slice(0, compared) }),
      ),
    };
  } finally {
    for (const { end } of contestants) end();
  }
}
