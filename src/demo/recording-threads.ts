import { Worker } from "node:worker_threads";
import { moduleUrl } from "../own-package.ts";
import { decodeError } from "../plain-error.ts";
import type { RecordingResult, RecordingWatcher } from "../simulation/record.ts";
import { newStopCell, stopAt, untilStopped } from "../stop-cell.ts";
import type { FromRecordingShare, RecordingShare } from "./recording-share.ts";

/**
 * Records shares at the same time, each in a thread of its own.
 *
 * @param watcher hears of each episode, how many there are by then and their frames, of all shares together
 * @returns in the order of the shares
 * @throws InputError where one of them fails with it, once all have ended
 */
export async function recordShares(
  shares: readonly Omit<RecordingShare, "stop">[],
  { recorded, isStopped }: RecordingWatcher,
): Promise<RecordingResult[]> {
  const stop = newStopCell();
  const far = shares.map(() => ({ episodes: 0, frames: 0 }));
  const total = (key: "episodes" | "frames") => far.reduce((sum, each) => sum + each[key], 0);
  return await untilStopped(stop, isStopped, async () => {
    const threads = shares.map(async (share, at) => {
      try {
        return await inThread({ ...share, stop }, (episodes, frames) => {
          far[at] = { episodes, frames };
          recorded(total("episodes"), total("frames"));
        });
      } catch (error) {
        // The others would go on for nothing.
        stopAt(stop);
        throw error;
      }
    });
    await Promise.allSettled(threads);
    return await Promise.all(threads);
  });
}

function inThread(share: RecordingShare, recorded: RecordingWatcher["recorded"]): Promise<RecordingResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RecordingResult>();
  const worker = new Worker(moduleUrl("./recording-worker.ts", import.meta.url), { workerData: share });
  let outcome = () => reject(new Error(`the thread that records ${share.name} has ended`));
  worker.on("message", (message: FromRecordingShare) => {
    if (message.kind === "recorded") recorded(message.episodes, message.frames);
    else if (message.kind === "done") outcome = () => resolve(message.result);
    else outcome = () => reject(decodeError(message.error, `the thread that records ${share.name}`));
  });
  worker.on("error", reject);
  worker.on("exit", () => outcome());
  return promise;
}
