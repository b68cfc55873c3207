import type { CommandOutcome } from "../../src/command/definition.ts";
import { Progress } from "../../src/command/progress.ts";
import type { PropertiesRequest } from "../../src/command/properties.ts";
import type { Terminal } from "../../src/command/terminal.ts";
import { loadLibav } from "../../src/dataset/libav.ts";
import { type TriedSeed, trySeed } from "../../src/dataset/testing/drawn/try-seed.ts";
import { hasFfmpeg } from "../../src/dataset/testing/ffmpeg-program.ts";
import { InputError } from "../../src/input-error.ts";
import { outcomeOf } from "./outcome.ts";

/** Datasets that are tried side by side, so that one is read in this process while `ffmpeg` decodes for another. */
const together = 2;

/** Whether datasets that are drawn at random are read as they were drawn. */
export async function run({ count, seed: first }: PropertiesRequest, terminal: Terminal): Promise<CommandOutcome> {
  if ((await loadLibav()) === null)
    throw new InputError(
      'properties: expected the package node-av, which writes films, got none; run "npm install node-av"',
    );
  if (!hasFfmpeg())
    throw new InputError("properties: expected the programs ffmpeg and ffprobe, got none; install ffmpeg");
  const now = () => performance.now();
  const began = now();
  const bar = new Progress({ screen: terminal.err, label: "properties", unit: "dataset", total: count, done: 0, now });
  const failed: TriedSeed[] = [];
  let [next, done] = [first, 0];
  const work = async () => {
    while (next < first + count) {
      const tried = await trySeed(next++, "every clip");
      done++;
      if (tried.found.length > 0) {
        failed.push(tried);
        bar.note(`seed ${tried.seed}: ${tried.found[0]}`);
      }
      bar.update(done, { failed: String(failed.length) });
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  bar.finish();
  return outcomeOf({ count, first, seconds: (now() - began) / 1000 }, failed);
}
