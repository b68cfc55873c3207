import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isOutOfRoom } from "../checkpoint/durable.ts";

/**
 * Where a run says when its steps ended, beside its events: what is computed twice has equal events, and other times.
 *
 * A line is `{"kind":"time","step":12,"at":1790000000000,"waitedMs":340}`: milliseconds since 1970, and of waiting for data since training
 * started. A start begins with a line of kind "start", of the step that it goes on from.
 */
export const timeFile = "times.jsonl";

/** At most one line in so long, so that short steps cost nothing. */
const betweenMs = 1000;

/** Writes when the steps of a run ended. No number of the run depends on it, so a line that cannot be written is left out. */
export class TimeLog {
  readonly #file: number;
  readonly #now: () => number;
  #last = 0;

  private constructor(file: number, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /**
   * @param step that training goes on from
   * @param now  milliseconds since 1970
   */
  static begin(run: string, step: number, now: () => number): TimeLog {
    const log = new TimeLog(openSync(join(run, timeFile), "a"), now);
    log.#write("start", step, 0);
    return log;
  }

  /** Writes a line where the last is old enough, or where this step is the last. */
  stepped(step: number, waitedMs: number, isLast: boolean): void {
    if (isLast || this.#now() - this.#last >= betweenMs) this.#write("time", step, waitedMs);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(kind: "start" | "time", step: number, waitedMs: number): void {
    const at = Math.round(this.#now());
    this.#last = at;
    const line = Buffer.from(`${JSON.stringify({ kind, step, at, waitedMs: Math.round(waitedMs) })}\n`);
    try {
      writeSync(this.#file, line);
    } catch (error) {
      // A full disk stops the run where its events or a checkpoint need it.
      if (!isOutOfRoom(error)) throw error;
    }
  }
}
