import { type Batch, sampleCount } from "../batch/batch.ts";
import { fillNoise, type SampleKey } from "../flow/noise.ts";
import type { UnrealInput } from "../flow/path.ts";
import { type HostArray, zeros } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";

/** What the noise that actions are sampled from is keyed by: the same key gives the same noise, whoever asks and beside whom. */
export interface NoiseKey extends SampleKey {
  readonly seed: number;
  /** Name of the dataset that the robot was trained from. */
  readonly dataset: string;
}

/** The keys of the samples of a batch at one of their draws: what validation samples their actions with. */
export function sampleKeys(
  batch: Batch,
  { seed, datasets, draw }: { readonly seed: number; readonly datasets: readonly string[]; readonly draw: number },
): NoiseKey[] {
  const { dataset, episode, frame } = batch.provenance;
  return Array.from({ length: sampleCount(batch) }, (_, row) => {
    return { seed, dataset: datasets[dataset[row]!]!, episode: episode[row]!, frame: frame[row]!, draw };
  });
}

/**
 * The noise that each sample's actions are sampled from; 0 in filler rows.
 *
 * @param keys one per sample, in the order of the rows
 * @returns `[b t d]`
 */
export function actionNoise(batch: Batch, keys: readonly NoiseKey[], unrealInput: UnrealInput): HostArray<"b t d"> {
  const [rows = 0, steps = 0] = batch.facts.stepReal.shape;
  const width = batch.ownDof.shape[1]!;
  const noise = zeros("b t d", [rows, steps, width], "float32");
  for (const [row, key] of keys.entries()) {
    const { seed, dataset, frame, episode, draw } = key;
    const cells = noise.cells.subarray(row * steps * width, (row + 1) * steps * width);
    const own = batch.ownDof.cells.subarray(row * width, (row + 1) * width);
    if (unrealInput === "noise") stream(seed, "unreal action noise", dataset).fillNormal(cells, frame, episode, draw);
    fillNoise(cells, own, { random: stream(seed, "action noise", dataset), key });
  }
  return noise;
}
