import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isOutOfRoom } from "../checkpoint/durable.ts";
import type { RunEvent } from "./event-log.ts";

/**
 * Where a run says when its steps ended, beside its events: what is computed twice has equal events, and other times.
 *
 * A line is `{"kind":"time","step":12,"at":1790000000000,"waitedMs":340}`: milliseconds since 1970, and of waiting for data since training
 * started. A start begins with a line of kind "start", of the step that it goes on from.
 */
export const timeFile = "times.jsonl";

/** At most one line in so long, so that short steps cost nothing. */
const betweenMs = 1000;

export interface TimeClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told each line. */
  readonly logged: (line: RunEvent) => void;
}

/** Writes when the steps of a run ended. No number of the run depends on it, so a line that cannot be written is left out. */
export class TimeLog {
  readonly #file: number;
  readonly #clock: TimeClock;
  #last = 0;

  private constructor(file: number, clock: TimeClock) {
    this.#file = file;
    this.#clock = clock;
  }

  /** @param step that training goes on from */
  static begin(run: string, step: number, clock: TimeClock): TimeLog {
    const log = new TimeLog(openSync(join(run, timeFile), "a"), clock);
    log.#write("start", step, 0);
    return log;
  }

  /** Writes a line where the last is old enough, or where this step is the last. */
  stepped(step: number, waitedMs: number, isLast: boolean): void {
    if (isLast || this.#clock.now() - this.#last >= betweenMs) this.#write("time", step, waitedMs);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(kind: "start" | "time", step: number, waitedMs: number): void {
    const at = Math.round(this.#clock.now());
    this.#last = at;
    const line = { kind, step, at, waitedMs: Math.round(waitedMs) };
    this.#clock.logged(line);
    try {
      writeSync(this.#file, Buffer.from(`${JSON.stringify(line)}\n`));
    } catch (error) {
      // A full disk stops the run where its events or a checkpoint need it.
      if (!isOutOfRoom(error)) throw error;
    }
  }
}
