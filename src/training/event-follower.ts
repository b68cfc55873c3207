import { open } from "node:fs/promises";
import { isAbsent } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";
import { parseEvent, type RunEvent } from "./event-log.ts";

/** How far a log has been read: which file, and how many bytes and lines of it. */
export interface LogMark {
  readonly file: number;
  readonly bytes: number;
  readonly lines: number;
}

/** What a log had beyond a mark. */
export interface LogPart {
  /** What does not go on where the mark was, as the run was resumed from an earlier step, is the whole log again. */
  readonly isFromStart: boolean;
  readonly events: readonly RunEvent[];
  /** Lines that are no events, which are left out. */
  readonly problems: readonly string[];
  /** Whether the last line has no end: it is being written, or was torn, and is left out. */
  readonly isTorn: boolean;
  /** `null` where there is no log. */
  readonly mark: LogMark | null;
}

/**
 * The events that a log has gained since it was last read, of a run that may go on meanwhile. Whoever trains reads with `readEvents`, to
 * which a line that is no event is an error; whoever watches is told, and sees the rest.
 *
 * @param path of `events.jsonl`, or of another log of lines with a kind and a step
 * @param since `null` for all of it
 */
export async function readEventsSince(path: string, since: LogMark | null): Promise<LogPart> {
  const found = await readFrom(path, since);
  if (found === null) return { isFromStart: true, events: [], problems: [], isTorn: false, mark: null };
  const { text, begin } = found;
  const end = text.lastIndexOf(10) + 1;
  const lines = end === 0 ? [] : text.toString("utf8", 0, end - 1).split("\n");
  const events: RunEvent[] = [];
  const problems: string[] = [];
  for (const [at, line] of lines.entries()) {
    try {
      events.push(parseEvent(`line ${begin.lines + at + 1}`, line));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  const mark = { ...begin, bytes: begin.bytes + end, lines: begin.lines + lines.length };
  return { isFromStart: begin.bytes === 0, events, problems, isTorn: end < text.length, mark };
}

async function readFrom(path: string, since: LogMark | null): Promise<{ text: Buffer; begin: LogMark } | null> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const { ino, size } = await file.stat();
    const goesOn = since !== null && since.file === ino && since.bytes <= size;
    const begin = goesOn ? since : { file: ino, bytes: 0, lines: 0 };
    const text = Buffer.alloc(size - begin.bytes);
    const { bytesRead } = await file.read(text, 0, text.length, begin.bytes);
    return { text: text.subarray(0, bytesRead), begin };
  } finally {
    await file.close();
  }
}
