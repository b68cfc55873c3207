import { Progress } from "./progress.ts";
import type { Screen } from "./terminal.ts";

/** How a job is called, and what is counted. */
export interface WatchedJob {
  readonly screen: Screen;
  /** "inspect pusht" */
  readonly label: string;
  /** "episode" */
  readonly unit: string;
}

/** A job that took longer leaves a line of how long. */
const noticedMs = 2000;

/**
 * What a job gives, with a bar on the screen while it runs; the bar is gone before anything else is said, an error above all.
 *
 * @param job calls back with how much is done, and of how much: its length may show itself with the first part
 */
export async function watched<Result>(
  options: WatchedJob,
  job: (seen: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  const now = () => performance.now();
  const began = now();
  const drawn: { bar: Progress | null } = { bar: null };
  try {
    const result = await job((done, total) => {
      drawn.bar ??= new Progress({ ...options, total, done: 0, now });
      drawn.bar.update(done, {});
    });
    if (now() - began > noticedMs) drawn.bar?.finish();
    return result;
  } finally {
    drawn.bar?.hide();
  }
}
