import type { Writable } from "node:stream";

/** Where text is written; a terminal can be redrawn and has a width. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The two streams of a command. */
export interface Terminal {
  /** What the command found, for people; under `--json` standard error, as standard output belongs to the object alone. */
  readonly out: Screen;
  /** Progress and logs. */
  readonly err: Screen;
}
