import type { RefusalKind } from "../refusal.ts";

/** What a line of the log is about, beside its text. */
export interface LogFields {
  readonly event: "listening" | "connected" | "closed" | "refused" | "weights" | "note" | "recording" | "stopping";
  /** The number of the connection. */
  readonly connection?: number;
  readonly kind?: RefusalKind;
  /** What other weights than float32 change in the actions of a robot. */
  readonly change?: object;
}

/** Takes a line of the log. */
export type Log = (text: string, fields?: LogFields) => void;

/** A log of one JSON object on each line: time in ISO 8601, event, what belongs to it, and the text that people read. */
export function jsonLog(write: (line: string) => void, clock: () => number): Log {
  return (text, fields = { event: "note" }) =>
    write(JSON.stringify({ time: new Date(clock()).toISOString(), ...fields, text }));
}
