import { closeSync, fsyncSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { appendEvent, isAbsent, replaceDurably } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";

/** Where a run says what happens in it, one JSON object per line. */
export const eventFile = "events.jsonl";

const eventSchema = z.object({ kind: z.string(), step: z.int().nonnegative() }).catchall(z.json());

/** Something that happened at a step; the other keys belong to its kind. */
export type RunEvent = Readonly<z.infer<typeof eventSchema>>;

/**
 * The one writer of a run's events. A line is with the system as soon as it is appended: a killed process loses none.
 *
 * The events of a step belong before its checkpoint: what is resumed from a checkpoint keeps the events up to its step.
 */
export class EventLog {
  readonly path: string;
  readonly #file: number;

  private constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "a");
  }

  /** The log of a new run. */
  static begin(run: string): EventLog {
    return new EventLog(join(run, eventFile));
  }

  /**
   * The log of a run that continues after a step: later events, and a line torn by the end of the process, are taken out.
   *
   * @throws InputError naming a line that is no event, or where the disk is full
   */
  static async resume(run: string, step: number): Promise<EventLog> {
    const path = join(run, eventFile);
    const kept = (await readLines(path)).filter(({ event }) => event.step <= step);
    await replaceDurably(path, kept.map(({ line }) => `${line}\n`).join(""));
    return new EventLog(path);
  }

  /**
   * @throws RangeError if a number is NaN or infinite, which JSON would turn to null
   * @throws InputError where the disk is full
   */
  append(event: RunEvent): void {
    appendEvent(this.#file, Buffer.from(`${JSON.stringify(event, refuseNotFinite)}\n`), this.path);
  }

  /** Waits until every event is on the disk. */
  sync(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * The events of a run in the order in which they happened; none where the run has no log yet.
 *
 * A last line without its end is still being written, or was torn: it is left out.
 *
 * @throws InputError naming a line that is no event
 */
export async function readEvents(run: string): Promise<RunEvent[]> {
  return (await readLines(join(run, eventFile))).map(({ event }) => event);
}

async function readLines(path: string): Promise<{ line: string; event: RunEvent }[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isAbsent(error)) return "";
    throw error;
  });
  const whole = text.split("\n").slice(0, -1);
  return whole.map((line, at) => ({ line, event: parseEvent(`${path}:${at + 1}`, line) }));
}

/** @throws InputError where a line is no event */
export function parseEvent(where: string, line: string): RunEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError(`${where}: expected an event in JSON, got ${JSON.stringify(line.slice(0, 60))}`);
  }
  return isEvent(value) ? value : parseInput(where, eventSchema, value);
}

/** The same as the schema says, many times as fast: what comes from JSON holds nothing else. */
function isEvent(value: unknown): value is RunEvent {
  if (typeof value !== "object" || value === null || !("kind" in value && "step" in value)) return false;
  return typeof value.kind === "string" && Number.isSafeInteger(value.step) && Number(value.step) >= 0;
}

function refuseNotFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new RangeError(`EventLog: expected a finite number for "${key}", got ${value}`);
  return value;
}
