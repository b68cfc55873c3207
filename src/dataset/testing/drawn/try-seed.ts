import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reason } from "../../problem.ts";
import { compareWritten, type FfmpegShare } from "./compare.ts";
import { datasetOf } from "./draw.ts";
import type { DrawnDataset } from "./drawn-dataset.ts";
import { writeDrawn } from "./write.ts";

/** What became of the dataset of a seed. */
export interface TriedSeed {
  readonly seed: number;
  /** What is read otherwise than it was drawn, or not refused as it has to be. */
  readonly found: readonly string[];
  /** What was drawn, on one line. */
  readonly drawn: string;
}

/** Draws a dataset, writes it into a temporary folder, and reads it again; whatever stops that is a finding as well. */
export async function trySeed(seed: number, ffmpeg: FfmpegShare): Promise<TriedSeed> {
  const drawn = datasetOf(seed);
  const root = await mkdtemp(join(tmpdir(), "armature-drawn-"));
  try {
    await writeDrawn(root, drawn);
    return { seed, found: await compareWritten(root, drawn, ffmpeg), drawn: described(drawn) };
  } catch (error) {
    return { seed, found: [`stopped with ${reason(error)}`], drawn: described(drawn) };
  } finally {
    await rm(root, { recursive: true });
  }
}

/** JSON, with lists of numbers as texts. */
function described(drawn: DrawnDataset): string {
  return JSON.stringify(drawn, (_, value: unknown) =>
    Array.isArray(value) && value.every((each) => typeof each === "number") ? value.join(" ") : value,
  );
}
