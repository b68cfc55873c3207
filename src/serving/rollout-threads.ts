import { Worker } from "node:worker_threads";
import { moduleUrl } from "../own-package.ts";
import { decodeError } from "../plain-error.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { stopAt, untilStopped } from "../stop-cell.ts";
import { playShare } from "./rollout-play.ts";
import type { FromShare, PlayedShare, RolloutShare } from "./rollout-share.ts";

/** Hears of rollouts as they end, and may stop them. */
export interface RolloutProgress {
  finished(rollout: Rollout): void;
  isStopped(): boolean;
}

/** What all threads have rolled out. */
export interface PlayedShares {
  readonly shares: readonly PlayedShare[];
  /** From when all were ready until the last was done. */
  readonly seconds: number;
}

/**
 * Runs the shares of a rollout at the same time, each in a thread of its own; a single share runs in this thread.
 *
 * @param stop the cell that tells the shares to stop
 * @throws InputError where one of them fails with it
 */
export async function playShares(
  shares: readonly RolloutShare[],
  stop: Int32Array,
  progress: RolloutProgress,
): Promise<PlayedShares> {
  return await untilStopped(stop, progress.isStopped, async (look) => {
    const finished = (rollout: Rollout) => {
      progress.finished(rollout);
      look();
    };
    const [only, ...others] = shares;
    return only !== undefined && others.length === 0
      ? await playHere(only, finished)
      : await playInThreads(shares, finished);
  });
}

async function playHere(share: RolloutShare, finished: (rollout: Rollout) => void): Promise<PlayedShares> {
  let from = 0;
  const ready = async () => {
    from = performance.now();
  };
  const played = await playShare(share, { ready, finished });
  return { shares: [played], seconds: (performance.now() - from) / 1000 };
}

async function playInThreads(
  shares: readonly RolloutShare[],
  finished: (rollout: Rollout) => void,
): Promise<PlayedShares> {
  const threads = shares.map((share) => new ShareThread(share, finished));
  try {
    await Promise.all(threads.map(({ ready }) => ready));
    const from = performance.now();
    for (const thread of threads) thread.begin();
    const played = await Promise.all(threads.map((thread) => thread.played));
    return { shares: played, seconds: (performance.now() - from) / 1000 };
  } finally {
    // Where one failed the others play to their next step, or do not begin.
    for (const { stop } of shares) stopAt(stop);
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

class ShareThread {
  readonly ready: Promise<void>;
  readonly played: Promise<PlayedShare>;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor(share: RolloutShare, finished: (rollout: Rollout) => void) {
    this.#worker = new Worker(moduleUrl("./rollout-worker.ts", import.meta.url), { workerData: share });
    const ready = Promise.withResolvers<void>();
    const played = Promise.withResolvers<PlayedShare>();
    const fail = (error: Error) => {
      ready.reject(error);
      played.reject(error);
    };
    this.#worker.on("message", (message: FromShare) => {
      if (message.kind === "ready") ready.resolve();
      else if (message.kind === "finished") finished(message.rollout);
      else if (message.kind === "played") played.resolve(message.played);
      else fail(decodeError(message.error, "a rollout's thread"));
    });
    this.#worker.on("error", fail);
    const ended = Promise.withResolvers<void>();
    this.#worker.on("exit", () => {
      fail(new Error("a rollout's thread has ended"));
      ended.resolve();
    });
    this.#ended = ended.promise;
    // Of several errors the first is told; the others are nobody's.
    ready.promise.catch(() => {});
    played.promise.catch(() => {});
    this.ready = ready.promise;
    this.played = played.promise;
  }

  begin(): void {
    this.#worker.postMessage("play");
  }

  /**
   * Waits until the thread has ended by itself. One that is ended from outside while native code runs in it takes the process with
   * it, so a thread that still waits is told that it shall not begin.
   */
  async end(): Promise<void> {
    this.#worker.postMessage("end");
    await this.#ended;
  }
}
