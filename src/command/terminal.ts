import type { Writable } from "node:stream";

/** Where text is written; a terminal can be redrawn and has a width and a height. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** How wide lines may be; `null` where the text goes to a file or a program. */
export function lineWidth({ isTTY, columns }: Screen): number | null {
  return isTTY === true ? columns || 80 : null;
}

/** The two streams of a command. */
export interface Terminal {
  /** What the command found, for people; under `--json` standard error, as standard output belongs to the object alone. */
  readonly out: Screen;
  /** Progress and logs. */
  readonly err: Screen;
}
